//! HEIC files whose boxes claim less than their pictures code: refused by what the pictures themselves say, before any of
//! them is decoded.

use safelight_images::Limits;

use crate::{
    client::Answer,
    form::Form,
    heif::{grid, single, with_alpha},
    hevc::Picture,
    pictures::png,
    watched::{Watched, memory},
};

/// The size that the boxes of the files claim.
const CLAIMED: [u32; 2] = [64, 64];

/// A picture that is coded larger than it is shown.
const fn cropped(side: u32, shown: u32) -> Picture {
    Picture {
        coded: [side, side],
        shown: [shown, shown],
        chroma: 3,
    }
}

/// Posts a file, and checks that its process took next to no memory for it, and that the next request is served.
async fn refused(file: &[u8]) -> Answer {
    /// A process that has parsed a few kilobytes has not taken this.
    const NEXT_TO_NOTHING: u64 = 32_000_000;

    let watched = Watched::start(Limits::default());
    let small = Form::steps(&png(2, 2, [1, 2, 3]), "[]");
    watched.service.post(&small).await.assert_good("image/png");
    let largest = || {
        let processes = watched.processes().into_iter();
        processes.filter_map(|pid| memory(pid, "VmPeak")).max()
    };
    let before = largest().unwrap();
    let answer = watched.service.post(&Form::steps(file, "[]")).await;
    let after = largest().unwrap();
    assert!(after < before + NEXT_TO_NOTHING, "{before} to {after}");
    watched.service.post(&small).await.assert_good("image/png");
    answer
}

#[tokio::test]
async fn files_whose_pictures_are_as_they_claim_are_decoded() {
    let watched = Watched::start(Limits::default());
    let tile = Picture::whole(128, 64);
    let padded = Picture {
        coded: [192, 128],
        shown: [130, 66],
        chroma: 1,
    };
    for (file, width, height) in [
        (single(tile, [128, 64]), 128, 64),
        (single(padded, [130, 66]), 130, 66),
        (single(cropped(64, 63), [63, 63]), 63, 63),
        (with_alpha(tile, tile, [128, 64]), 128, 64),
        (grid(tile, 3, 2, [300, 100]), 300, 100),
    ] {
        let form = Form::transform()
            .file("image", &file)
            .string("transforms", "[]")
            .string("output_format", "rgb")
            .end();
        let answer = watched.service.post(&form).await;
        answer.assert_good("application/octet-stream");
        assert_eq!(answer.body.len(), 3 * width * height);
        let is_grey = answer.body.iter().all(|sample| *sample == answer.body[0]);
        assert!(is_grey, "{width} by {height}");
    }
}

#[tokio::test]
async fn a_picture_that_is_coded_larger_than_any_may_be_is_refused() {
    let answer = refused(&single(cropped(32_768, 64), CLAIMED)).await;
    answer.assert_error(403, 9413, "32768x32768");
}

#[tokio::test]
async fn a_picture_that_is_coded_larger_than_it_shows_is_broken() {
    let answer = refused(&single(cropped(8192, 64), CLAIMED)).await;
    answer.assert_error(422, 9516, "it codes 8192x8192 pixels and shows 64x64");
}

#[tokio::test]
async fn a_picture_of_another_size_than_its_boxes_claim_is_broken() {
    let answer = refused(&single(Picture::whole(8192, 8192), CLAIMED)).await;
    answer.assert_error(422, 9516, "another size");
}

#[tokio::test]
async fn an_alpha_that_is_coded_larger_than_any_may_be_is_refused() {
    let file = with_alpha(Picture::whole(64, 64), cropped(32_768, 64), CLAIMED);
    refused(&file).await.assert_error(403, 9413, "32768x32768");
}

#[tokio::test]
async fn a_grid_whose_tile_is_coded_larger_than_any_may_be_is_refused() {
    let answer = refused(&grid(cropped(32_768, 64), 16, 16, CLAIMED)).await;
    answer.assert_error(403, 9413, "32768x32768");
}

#[tokio::test]
async fn a_grid_with_tiles_that_are_not_shown_is_broken() {
    let answer = refused(&grid(Picture::whole(8192, 8192), 4, 4, CLAIMED)).await;
    answer.assert_error(422, 9516, "tiles outside of its picture");
}

#[tokio::test]
async fn the_pixels_of_all_tiles_of_a_grid_are_counted() {
    // Each is shown in part, and each may be as large as it is.
    let answer = refused(&grid(Picture::whole(8192, 4096), 1, 7, [64, 28_000])).await;
    answer.assert_error(403, 9413, "its tiles have more than 200000000 pixels");
}

#[tokio::test]
async fn the_memory_of_all_tiles_is_admitted() {
    let limits = Limits {
        memory_total: 450_000_000,
        ..Limits::default()
    };
    let watched = Watched::start(limits);
    // Each tile alone would fit.
    let form = Form::steps(&grid(Picture::whole(8192, 2048), 1, 5, [64, 10_000]), "[]");
    let answer = watched.service.post(&form).await;
    answer.assert_error(503, 9522, "all requests together");
}
