//! Two originals, and the pictures that the Images binding draws from them.

use safelight_sdk::{
    Border, Composite, Fit, Flip, ImageDrawOptions, ImageTransform, ImageTransformer, Images,
    Repeat, Text,
};

/// Drawn by code for the examples, 4000×3000 pixels.
static DUSK: &[u8] = include_bytes!("../../thumbnail/photo.jpg");
/// Drawn by code for the examples, 400×400 pixels with a transparent background.
static LAMP: &[u8] = include_bytes!("../../watermark/logo.png");

/// A picture that is stored as it is.
pub(crate) fn original(name: &str) -> Option<&'static [u8]> {
    match name {
        "dusk.jpg" => Some(DUSK),
        "lamp.png" => Some(LAMP),
        _ => None,
    }
}

/// The Images binding, and the URL of the font for its texts.
pub(crate) struct Pictures {
    images: Images,
    font: String,
}

impl Pictures {
    pub(crate) const fn new(images: Images, font: String) -> Self {
        Self { images, font }
    }

    /// A picture that is drawn. Nothing happens before its `output`.
    pub(crate) fn drawn(&self, name: &str) -> Option<ImageTransformer> {
        match name {
            "sign.jpg" => Some(self.sign()),
            "watermark.jpg" => Some(self.watermark()),
            "tiles.jpg" => Some(self.tiles()),
            "print.jpg" => Some(self.print()),
            "stamp.jpg" => Some(self.stamp()),
            "letters.png" => Some(self.letters()),
            "proof.jpg" => Some(self.proof()),
            _ => None,
        }
    }

    fn dusk(&self, change: ImageTransform) -> ImageTransformer {
        self.images.input(DUSK).transform(change)
    }

    fn lamp(&self, width: u16) -> ImageTransformer {
        self.images.input(LAMP).transform(change().width(width))
    }

    fn text(&self, text: &str, size: u16, color: &str) -> ImageTransformer {
        let text = Text::new(text, self.font.as_str());
        self.images.text(text.size(size).color(color))
    }

    fn watermark(&self) -> ImageTransformer {
        let place = draw().bottom(30).right(40).opacity(0.8);
        self.dusk(change().width(1200)).draw(self.lamp(380), place)
    }

    fn tiles(&self) -> ImageTransformer {
        let everywhere = draw().repeat(Repeat::Both).opacity(0.4);
        self.dusk(change().width(1200))
            .draw(self.lamp(240), everywhere)
    }

    /// A picture that is drawn onto a picture that is drawn onto a picture.
    fn print(&self) -> ImageTransformer {
        let paper = Border::new(26).color("#f4ede4");
        let small = change().width(720).border(paper);
        let lit = draw().top(26).right(90);
        let print = self.dusk(small).draw(self.lamp(240), lit);
        let far = change().width(1200).blur(24).brightness(0.6);
        self.dusk(far).draw(print, draw())
    }

    fn stamp(&self) -> ImageTransformer {
        let place = draw().bottom(40).right(50);
        let date = self.text("1 SEP '26", 84, "orange");
        self.dusk(change().width(1200)).draw(date, place)
    }

    /// A photograph in the shape of letters.
    fn letters(&self) -> ImageTransformer {
        let photo = change().width(1200).brightness(1.5).saturation(1.3);
        let inside = draw().composite(Composite::Atop);
        self.text(" DUSK ", 400, "white")
            .draw(self.dusk(photo), inside)
    }

    fn proof(&self) -> ImageTransformer {
        let proof = self.text(" PROOF  ·", 100, "white");
        let everywhere = draw().repeat(Repeat::Both).opacity(0.2);
        self.dusk(change().width(1200)).draw(proof, everywhere)
    }

    /// A neon sign above the lake, with the lamp that it names, and mirrored in the water.
    fn sign(&self) -> ImageTransformer {
        let name = |color| self.text("SAFELIGHT", 210, color);
        // The light needs room around the letters.
        let room = change().border(Border::new(110).color("transparent"));
        let glow = |radius: u8| {
            let letters = name("#ff2a14").transform(room.clone());
            letters.transform(change().blur(radius))
        };
        let lake = change().width(2360).height(944).fit(Fit::Cover);
        let mirrored = change().flip(Flip::Vertical).blur(5);
        self.dusk(lake.gravity((0.5, 0.574)).brightness(0.8))
            .draw(self.lamp(540), draw().top(0).right(405))
            .draw(glow(45), draw().top(320).right(10))
            .draw(glow(15), draw().top(320).right(10))
            .draw(name("#ffe3da"), draw().top(430).right(120))
            .draw(
                name("#ff6a52").transform(mirrored),
                draw().top(606).right(120).opacity(0.4),
            )
    }
}

fn change() -> ImageTransform {
    ImageTransform::new()
}

fn draw() -> ImageDrawOptions {
    ImageDrawOptions::new()
}
