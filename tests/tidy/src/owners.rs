//! Libraries that a single crate may depend on.

use crate::order::{Place, place};
use crate::workspace::Crate;

struct Owner {
    folder: &'static str,
    /// Package names; a `*` at the end stands for any rest.
    libraries: &'static [&'static str],
    why: &'static str,
}

const OWNERS: [Owner; 3] = [
    Owner {
        folder: "runtime/worker",
        libraries: &["wasmtime*"],
        why: "is the only crate that knows the engine",
    },
    Owner {
        folder: "images-service",
        libraries: &CODECS,
        why: "is the only crate that decodes, changes and encodes pixels",
    },
    Owner {
        folder: "runtime/config",
        // wrangler's files are TOML, JSON and JSONC. A crate without a parser of them cannot read their keys.
        libraries: &["toml", "toml_edit", "basic-toml", "jsonc-parser", "json5"],
        why: "is the only crate that reads wrangler's keys",
    },
];

const CODECS: [&str; 25] = [
    "aom*",
    "avif-*",
    "dav1d*",
    "fast_image_resize",
    "gif",
    "heic-*",
    "image",
    "image-webp",
    "jpeg-*",
    "jxl-*",
    "libaom-sys",
    "libheif-*",
    "libjpeg-turbo-rs",
    "libwebp-sys*",
    "moxcms",
    "mozjpeg*",
    "png",
    "quantette",
    "rav1e",
    "ravif",
    "re_rav1d",
    "tiff",
    "turbojpeg*",
    "webp",
    "zune-*",
];

/// The dependencies on libraries that only another crate may depend on. Tests, benches and examples are free.
pub fn forbidden_dependencies(crates: &[Crate]) -> Vec<String> {
    let product = crates
        .iter()
        .filter(|package| place(&package.folder) != Place::Free);
    let uses = product.flat_map(|package| package.uses().map(move |library| (package, library)));
    let messages = uses.filter_map(|(package, library)| {
        let owner = OWNERS.iter().find(|owner| owner.has(library))?;
        (package.folder != owner.folder).then(|| {
            format!(
                "`{}` ({}/) depends on `{library}`, and {}/ {}",
                package.name, package.folder, owner.folder, owner.why
            )
        })
    });
    messages.collect()
}

impl Owner {
    fn has(&self, library: &str) -> bool {
        self.libraries
            .iter()
            .any(|pattern| is_named(library, pattern))
    }
}

fn is_named(library: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => library.starts_with(start),
        None => library == pattern,
    }
}

#[cfg(test)]
mod planted {
    use super::forbidden_dependencies;
    use crate::workspace::{Crate, Kind};

    #[test]
    fn an_owner_has_its_libraries() {
        let crates = [
            Crate::planted(
                "safelight-worker",
                "runtime/worker",
                &["wasmtime", "wasmtime-wasi"],
            ),
            Crate::planted("safelight-images", "images-service", &["png", "zune-jpeg"]),
            Crate::planted(
                "safelight-config",
                "runtime/config",
                &["toml", "jsonc-parser"],
            ),
            Crate::planted("safelight-against-sharp", "bench", &["png"]),
            Crate::planted("safelight-hop", "runtime/hop", &["imagesize", "bytes"]),
        ];
        assert_eq!(forbidden_dependencies(&crates), Vec::<String>::new());
    }

    #[test]
    fn an_engine_elsewhere_is_found() {
        let crates = [Crate::planted(
            "safelight-hop",
            "runtime/hop",
            &["wasmtime-wasi-http"],
        )];
        assert_eq!(
            forbidden_dependencies(&crates),
            [
                "`safelight-hop` (runtime/hop/) depends on `wasmtime-wasi-http`, and runtime/worker/ is the only crate that knows the engine"
            ]
        );
    }

    #[test]
    fn a_codec_elsewhere_is_found_unless_it_is_for_tests() {
        let mut crates = [Crate::planted(
            "safelight",
            "runtime/safelight",
            &["zune-png"],
        )];
        assert_eq!(
            forbidden_dependencies(&crates),
            [
                "`safelight` (runtime/safelight/) depends on `zune-png`, and images-service/ is the only crate that decodes, changes and encodes pixels"
            ]
        );
        crates[0].dependencies[0].kind = Kind::Dev;
        assert_eq!(forbidden_dependencies(&crates), Vec::<String>::new());
    }

    #[test]
    fn a_parser_of_configs_elsewhere_is_found() {
        let crates = [Crate::planted(
            "safelight-gateway",
            "runtime/gateway",
            &["toml"],
        )];
        assert_eq!(
            forbidden_dependencies(&crates),
            [
                "`safelight-gateway` (runtime/gateway/) depends on `toml`, and runtime/config/ is the only crate that reads wrangler's keys"
            ]
        );
    }
}
