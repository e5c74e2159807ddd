// Requests of a worker in JavaScript to services and static files, by workerd's own bindings.

const actions = {
  async fetch(env, { binding, url }) {
    return env[binding].fetch(url, { headers: { "x-sent": "yes" } });
  },

  async stream({ SERVICE }, { url, bytes }) {
    const answer = await SERVICE.fetch(url, { method: "POST", body: pieces(bytes) });
    const body = await answer.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return Response.json({ status: answer.status, bytes: body.byteLength, sha256 });
  },
};

// A stream of so many bytes in pieces of 10,000, made while the request is on its way.
function pieces(bytes) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      const length = Math.min(10_000, bytes - at);
      controller.enqueue(Uint8Array.from({ length }, (_, index) => (at + index) % 251));
      at += length;
      if (at === bytes) {
        controller.close();
      }
    },
  });
}

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
