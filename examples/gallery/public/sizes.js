// Under each picture: its pixels, the format that the browser was sent, and the bytes, without another request.
addEventListener("load", () => {
  for (const group of document.querySelectorAll(".sign, .three, .four")) {
    const sizes = [...group.querySelectorAll("img")].map(show);
    group.style.setProperty("--largest", Math.max(...sizes));
  }
});

function show(picture) {
  const [sent] = performance.getEntriesByName(picture.currentSrc);
  const { naturalWidth: width, naturalHeight: height } = picture;
  if (!width || !sent?.encodedBodySize) return 0;
  const figure = picture.closest("figure");
  const format = sent.contentType?.replace("image/", "").toUpperCase();
  const size = `${(sent.encodedBodySize / 1000).toFixed(1)} kB`;
  const facts = [`${width} × ${height}`, format, size];
  figure.querySelector("small").textContent = facts.filter(Boolean).join(" · ");
  figure.style.setProperty("--bytes", sent.encodedBodySize);
  return sent.encodedBodySize;
}
