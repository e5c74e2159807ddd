// What a worker in JavaScript asks of Images, by workerd's own client. A path is a pipeline; pictures come as base64 in JSON.

const pipelines = {
  async info(images, { base }) {
    return Response.json(await images.info(stream(base)));
  },

  async nested(images, { base, middle, top }) {
    const inner = images.input(stream(middle)).draw(images.input(stream(top)), { top: 0, left: 0 });
    const result = await images
      .input(stream(base))
      .draw(inner, { bottom: 0, right: 0 })
      .transform({ rotate: 90 })
      .output({ format: "rgba" });
    return result.response();
  },

  async large(images, { base }) {
    const result = await images
      .input(stream(base))
      .transform({ width: 2400, height: 1600, fit: "squeeze" })
      .output({ format: "rgba" });
    return result.response();
  },

  async formats(images, { base }) {
    const types = {};
    for (const format of ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "rgb", "rgba"]) {
      const result = await images.input(stream(base)).output({ format, quality: 80 });
      types[format] = { type: result.contentType(), bytes: (await result.response().arrayBuffer()).byteLength };
    }
    return Response.json(types);
  },

  async base64(images, { base }) {
    const text = new Blob([base]).stream();
    const result = await images.input(text, { encoding: "base64" }).output({ format: "image/png" });
    return new Response(result.image({ encoding: "base64" }));
  },

  async transform(images, { base, options, output }) {
    const result = await images.input(stream(base)).transform(options).output(output);
    return result.response();
  },

  // The client ends the form's body in order when its source breaks, so only the form's missing end tells.
  async broken(images, { base }) {
    const bytes = decoded(base);
    const source = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, bytes.length / 2));
        controller.error(new Error("the source broke off"));
      },
    });
    const result = await images.input(source).output({ format: "image/png" });
    return result.response();
  },
};

export default {
  async fetch(request, env) {
    const pipeline = pipelines[new URL(request.url).pathname.slice(1)];
    try {
      return await pipeline(env.IMAGES, await request.json());
    } catch (error) {
      return Response.json({ code: error.code, message: error.message }, { status: 500 });
    }
  },
};

function stream(base64) {
  return new Blob([decoded(base64)]).stream();
}

function decoded(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
