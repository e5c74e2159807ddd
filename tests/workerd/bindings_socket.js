// What a worker in JavaScript asks of R2 and Images over the bindings socket, by workerd's own clients.

const actions = {
  async put({ PHOTOS }, { key, value }) {
    const { size, etag } = await PHOTOS.put(key, value);
    return Response.json({ size, etag });
  },

  async get({ PHOTOS }, { key, offset, length }) {
    const range = length === undefined ? undefined : { offset, length };
    const object = await PHOTOS.get(key, { range });
    return new Response(await object.arrayBuffer());
  },

  async list({ PHOTOS }, { prefix }) {
    const { objects } = await PHOTOS.list({ prefix });
    return Response.json(objects.map(({ key }) => key));
  },

  async delete({ PHOTOS }, { key }) {
    await PHOTOS.delete(key);
    const { objects } = await PHOTOS.list();
    return Response.json(objects.map(({ key }) => key));
  },

  async large({ PHOTOS }, { bytes }) {
    const value = new Uint8Array(bytes).map((_, index) => index % 251);
    const { size } = await PHOTOS.put("large", value);
    const read = new Uint8Array(await (await PHOTOS.get("large")).arrayBuffer());
    const same = read.every((byte, index) => byte === value[index]);
    return Response.json({ stored: size, read: read.length, same });
  },

  async parts({ PHOTOS }, { key }) {
    const upload = await PHOTOS.createMultipartUpload(key);
    const first = await upload.uploadPart(1, new Uint8Array(5 * 1024 * 1024));
    const last = await upload.uploadPart(2, "last");
    const { size } = await upload.complete([first, last]);
    return Response.json({ size });
  },

  async picture({ IMAGES }, { base }) {
    const bytes = Uint8Array.from(atob(base), (char) => char.charCodeAt(0));
    const input = IMAGES.input(new Blob([bytes]).stream());
    const result = await input.transform({ width: 3 }).output({ format: "rgba" });
    return result.response();
  },

  async nothing({ NOTHING }) {
    return Response.json(await NOTHING.get("key"));
  },
};

export default {
  async fetch(request, env) {
    const action = actions[new URL(request.url).pathname.slice(1)];
    try {
      return await action(env, await request.json());
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
