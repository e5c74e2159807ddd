"""Writes the first files of the corpus. Needs Pillow 12 and pillow-heif 1.8: python seeds.py, beside corpus/."""

import io
import json
import random
from pathlib import Path

import pillow_heif
from PIL import Image

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
