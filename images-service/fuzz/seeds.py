"""Writes the first files of the corpus. Needs Pillow 12, pillow-heif 1.8, fontTools 4 and brotli: python seeds.py."""

import io
import json
import random
import struct
from pathlib import Path

import pillow_heif
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image, ImageCms

pillow_heif.register_heif_opener()
CORPUS = Path(__file__).parent / "corpus"


def picture(mode, width=16, height=12, shift=0):
    image = Image.new("RGBA", (width, height))
    image.putdata(
        [((x * 16 + shift) % 256, y * 21, 200 - x * y % 200, 255 - x * 15) for y in range(height) for x in range(width)]
    )
    return image if mode == "RGBA" else image.convert("RGB").convert(mode)


def save(target, name, image, *arguments, **options):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    image.save(folder / name, *arguments, **options)


def put(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


for target in ("jpeg", "jpeg_zune"):
    save(target, "baseline", picture("RGB"), "JPEG", quality=60)
    save(target, "progressive", picture("RGB"), "JPEG", quality=60, progressive=True)
    save(target, "grey", picture("L"), "JPEG", quality=60)
    save(target, "cmyk", picture("CMYK"), "JPEG", quality=60)
    exif = Image.Exif()
    exif[0x0112], exif[0x8298] = 6, "Notice"
    save(target, "exif", picture("RGB"), "JPEG", quality=60, exif=exif, restart_marker_blocks=1)
for eighths in range(1, 8):
    for name, options in (("grey", {}), ("420", {"subsampling": "4:2:0"}), ("422", {"subsampling": "4:2:2"})):
        file = io.BytesIO()
        picture("L" if name == "grey" else "RGB", 20, 18).save(
            file, "JPEG", quality=60, restart_marker_blocks=eighths % 3, **options
        )
        put("jpeg_scaled", f"{name}-{eighths}", bytes([eighths - 1]) + file.getvalue())
for mode in ("RGB", "RGBA", "L", "P", "I;16"):
    image = picture("L").convert("I;16") if mode == "I;16" else picture(mode)
    save("png", mode.replace(";", ""), image, "PNG")
save("png", "animated", picture("RGB"), "PNG", save_all=True, append_images=[picture("RGB", shift=90)])
moving = [picture("RGBA", shift=shift) for shift in (60, 120)]
save("webp", "lossy", picture("RGBA"), "WEBP", quality=50)
save("webp", "lossless", picture("RGBA"), "WEBP", lossless=True)
save("webp", "animated", picture("RGBA"), "WEBP", save_all=True, append_images=moving, duration=50)
save("gif", "still", picture("P"), "GIF")
save("gif", "animated", picture("P"), "GIF", save_all=True, append_images=[m.convert("P") for m in moving], disposal=2)
save("gif", "interlaced", picture("P"), "GIF", interlace=True)
save("avif", "colour", picture("RGB"), "AVIF", quality=50)
save("avif", "alpha", picture("RGBA"), "AVIF", quality=50)
save("heic", "colour", picture("RGB", 64, 64), "HEIF", quality=50)
save("heic", "alpha", picture("RGBA", 64, 64), "HEIF", quality=50)

for number, color in enumerate(
    ["red", "#f00", "#ff000080", "rgb(255, 0, 0)", "rgb(255 0 0 / 50%)", "hsl(120deg 100% 50% / .5)", "transparent"]
):
    put("color", str(number), color.encode())

steps = [
    [],
    [{"imageIndex": 0, "width": 800}],
    [{"imageIndex": 1, "trim": {"border": {"color": "red", "tolerance": 3, "keep": 1}}, "dpr": 2, "rotate": 90}],
    [{"drawImageIndex": 1, "targetImageIndex": 0, "top": 1, "repeat": "x", "composite": "xor", "opacity": 0.5}],
    [{"imageIndex": 0, "fit": "cover", "width": 1, "height": 2, "gravity": {"x": 0.1, "mode": "box-center"}}],
    [{"imageIndex": 0, "border": {"color": "#abc", "top": 1}, "blur": 3, "gamma": 2, "segment": "foreground"}],
]
for number, step in enumerate(steps):
    put("transforms", str(number), json.dumps(step).encode())

PART = 'content-disposition: form-data; name="{}"{}\r\n\r\n'
FIELDS = [("image", "x"), ("draw_image", "y"), ("transforms", "[]"), ("output_format", "image/png"), ("anim", "true")]
random.seed(1)
for number in range(4):
    body = "".join(
        "--b\r\n" + PART.format(name, f'; filename="{name}"' if "image" in name else "") + value + "\r\n"
        for name, value in FIELDS
    )
    put("form", str(number), bytes([random.choice([1, 7, 40, 255])]) + body.encode() + b"--b--\r\n" * (number != 3))

exif = Image.Exif()
exif[0x0112], exif[0x8298], exif[0x010F] = 6, "Notice", "Camera maker"
exif.get_ifd(0x8769)[0x9003], exif.get_ifd(0x8825)[1] = "2026:01:02 03:04:05", "N"
put("exif", "named", exif.tobytes())
put("exif", "little", exif.tobytes()[6:])
put("exif", "big", b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 8, 0, 0))


def directory(tag, place, count):
    return struct.pack("<H", count) + struct.pack("<HHII", tag, 4, 1, place) * count + b"\0" * 4


# Directories of four hundred pointers to the next one: a reader that follows each of them has no memory left.
size = len(directory(0, 0, 400))
pointers = directory(0x8769, 8 + size, 400) + directory(0xA005, 8 + 2 * size, 400) + directory(1, 0, 400)
put("exif", "pointers", b"II*\0\x08\0\0\0" + pointers)


def profile(space, pcs, tags):
    start, table, data = 132 + 12 * len(tags), b"", b""
    for name, content in tags:
        table += name + struct.pack(">2I", start + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    white = struct.pack(">3i", 63190, 65536, 54061)
    head = struct.pack(">I", start + len(data)) + b"\0\0\0\0\2\x40\0\0mntr" + space + pcs
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + white + b"\0" * 48
    return head + struct.pack(">I", len(tags)) + table + data


curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
ramp = bytes(range(256))
table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
table += ramp * 4 + bytes(range(48)) + ramp * 3
srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
for kind, name, content in (
    (2, "colour", srgb),
    (131, "colour-16", srgb),
    (0, "grey", profile(b"GRAY", b"XYZ ", [(b"kTRC", curve)])),
    (129, "grey-16", profile(b"GRAY", b"XYZ ", [(b"kTRC", curve)])),
    (4, "ink", profile(b"CMYK", b"Lab ", [(b"A2B0", table)])),
):
    put("profile", name, bytes([kind]) + content)


def letters(pen_of):
    for width in (300, 500):
        pen = pen_of()
        pen.moveTo((0, 0))
        pen.lineTo((width, 0))
        pen.curveTo((width, 300), (200, 700), (0, 700)) if pen_of is cubic else pen.qCurveTo((width, 700), (0, 700))
        pen.closePath()
        yield pen


def cubic():
    return T2CharStringPen(500, None)


NAMES = [".notdef", "A", "V"]
for kind in ("ttf", "otf"):
    builder = FontBuilder(1000, isTTF=kind == "ttf")
    builder.setupGlyphOrder(NAMES)
    builder.setupCharacterMap({ord("A"): "A", ord("V"): "V", ord("f"): "A", 0x5D0: "V"})
    if kind == "ttf":
        glyphs = [pen.glyph() for pen in letters(lambda: TTGlyphPen(None))]
        builder.setupGlyf(dict(zip(NAMES, [glyphs[0], *glyphs])))
    else:
        glyphs = [pen.getCharString() for pen in letters(cubic)]
        builder.setupCFF("Seed", {}, dict(zip(NAMES, [glyphs[0], *glyphs])), {})
    builder.setupHorizontalMetrics({name: (500, 0) for name in NAMES})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    builder.setupPost()
    builder.addOpenTypeFeatures("feature kern { pos A V -80; } kern; feature liga { sub A V by V; } liga;")
    for flavor in (None, "woff", "woff2"):
        builder.font.flavor = flavor
        file = io.BytesIO()
        builder.font.save(file)
        put("font", f"{kind}-{flavor or 'plain'}", file.getvalue())

SVG = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>{}</svg>"
for number, inside in enumerate(
    [
        "<rect id='a' width='3' style='fill: url(#b)'/><use xlink:href='#a'/>",
        "<style>@import 'x'; rect { fill: url(\"http://a.test/#b\") }</style><script>1</script>",
        "<image href='data:image/png;base64,AAAA'/><a href='javascript:1'>&lt;<![CDATA[x]]></a><!-- c -->",
    ]
):
    put("svg", str(number), SVG.format(inside).encode())
put("svg", "doctype", b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'x'>]>" + SVG.format("<text>x</text>").encode())
