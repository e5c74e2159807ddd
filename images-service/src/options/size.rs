//! Sizes and boxes in pixels.

use std::fmt;

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// The number of pixels of a row.
    pub width: u32,
    /// The number of rows.
    pub height: u32,
}

impl Size {
    /// Creates a size from its two numbers.
    #[must_use]
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Returns width times height.
    #[must_use]
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Returns the number of pixels as an index type.
    #[must_use]
    pub const fn pixels(self) -> usize {
        (self.width as usize).saturating_mul(self.height as usize)
    }

    /// Returns the longer of both sides.
    #[must_use]
    pub const fn longest(self) -> u32 {
        if self.width > self.height {
            self.width
        } else {
            self.height
        }
    }

    /// Returns the size with width and height exchanged.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self::new(self.height, self.width)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A box inside a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// The number of columns left of the box.
    pub left: u32,
    /// The number of rows above the box.
    pub top: u32,
    /// The size of the box.
    pub size: Size,
}

impl Rect {
    /// Returns the box of a whole picture.
    #[must_use]
    pub const fn whole(size: Size) -> Self {
        Self {
            left: 0,
            top: 0,
            size,
        }
    }
}
