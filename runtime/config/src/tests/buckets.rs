//! `r2_buckets`, and `safelight.storage`, the place of their objects.

use super::{config, errors, warnings};
use crate::{Binding, BindingConfig, Durability, R2Config, S3, StateLocation, Storage};

#[test]
fn buckets_are_bindings_each_with_a_bucket_that_may_have_the_same_name() {
    let config = config(
        r#"
        main = "w.wasm"
        [[r2_buckets]]
        binding = "PHOTOS"
        bucket_name = "photos"
        remote = false
        [[r2_buckets]]
        binding = "CACHE"
        [images]
        binding = "IMAGES"
        [safelight.storage]
        state = "state"
        durability = "process"
        part_bytes = 100
        endpoint = "https://s3.example.com/"
        bucket = "blobs"
        "#,
    );
    let bucket = |bucket: &str| {
        BindingConfig::R2(R2Config {
            bucket: bucket.into(),
            public_path: None,
        })
    };
    let bindings = [
        ("IMAGES", BindingConfig::Images),
        ("PHOTOS", bucket("photos")),
        ("CACHE", bucket("CACHE")),
    ];
    assert_eq!(
        config.bindings,
        bindings.map(|(name, config)| Binding {
            name: name.into(),
            config,
        })
    );
    assert_eq!(
        config.storage,
        Storage {
            location: StateLocation::Folder("/project/state".into()),
            durability: Durability::Process,
            part_bytes: Some(100),
            s3: Some(S3 {
                endpoint: "https://s3.example.com".into(),
                bucket: "blobs".into(),
                region: "auto".into(),
                prefix: String::new(),
            }),
        }
    );
}

#[test]
fn a_bucket_is_for_everybody_only_where_the_config_says_so() {
    let config = config(
        r#"
        main = "w.wasm"
        r2_buckets = [{ binding = "PHOTOS" }, { binding = "NOTES" }]
        [safelight.r2.PHOTOS]
        public_path = "/photos"
        "#,
    );
    let paths = config.bindings.iter().map(|binding| {
        let BindingConfig::R2(r2) = &binding.config else {
            panic!("{binding:?}")
        };
        let path = r2.public_path.as_ref();
        (binding.name.as_str(), path.map(|path| path.as_str()))
    });
    let paths: Vec<_> = paths.collect();
    assert_eq!(paths, [("PHOTOS", Some("/photos/")), ("NOTES", None)]);
}

#[test]
fn keys_that_choose_among_remote_buckets_have_no_effect() {
    let text = "main = 'w.wasm'\nr2_buckets = [{ binding = 'B', preview_bucket_name = 'p', jurisdiction = 'eu' }]";
    assert_eq!(
        warnings(text),
        [
            "wrangler.toml:2:32: `r2_buckets[0].preview_bucket_name` and `r2_buckets[0].jurisdiction` have no effect on a local run"
        ]
    );
}

/// A text that stands below `main = "w.wasm"`, so that its first line is line 2, and its message.
const MISTAKES: &[(&str, &str)] = &[
    (
        "r2_buckets = { binding = 'B' }",
        "2:14: `r2_buckets` must be a list of tables, but is a table",
    ),
    (
        "r2_buckets = [{ bucket_name = 'photos' }]",
        "2:15: `r2_buckets[0].binding` is missing",
    ),
    (
        "r2_buckets = [{ binding = 'B', bucket_name = '../photos' }]",
        "2:46: `r2_buckets[0].bucket_name` must have 3 to 63 lowercase letters, digits and `-`, and begin and end with a letter or digit",
    ),
    (
        "r2_buckets = [{ binding = 'B', remote = true }]",
        "2:41: `r2_buckets[0].remote` cannot be true: safelight runs every binding on this machine",
    ),
    (
        "r2_buckets = [{ binding = 'B', bucket_nam = 'photos' }]",
        "2:32: `r2_buckets[0].bucket_nam` is not a key that is known here; did you mean `bucket_name`?",
    ),
    (
        "r2_buckets = [{ binding = 'B' }, { binding = 'B' }]",
        "2:46: `r2_buckets[1].binding` has the same name as `r2_buckets[0].binding`",
    ),
    (
        "images.binding = 'B'\nr2_buckets = [{ binding = 'B' }]",
        "3:27: `r2_buckets[0].binding` has the same name as `images.binding`",
    ),
    (
        "safelight.storage.durability = 'none'",
        "2:32: `safelight.storage.durability` must be `disk` or `process`",
    ),
    (
        "safelight.storage.bucket = 'b'",
        "2:28: `safelight.storage.bucket` has no effect without `safelight.storage.endpoint`",
    ),
    (
        "safelight.storage.endpoint = 'http://h'",
        "2:11: `safelight.storage.bucket` is missing",
    ),
    (
        "safelight.storage = { endpoint = 'http://u:p@h/x', bucket = 'b' }",
        "2:34: `safelight.storage.endpoint` must be `http://` or `https://` and a host, and nothing behind it",
    ),
    (
        "safelight.storage = { endpoint = 'http://h', bucket = 'b', prefix = 'a/../b' }",
        "2:69: `safelight.storage.prefix` must be a path of plain names, such as `team/photos`",
    ),
    (
        "safelight.storage = { endpoint = 'http://h', bucket = 'b', prefix = '//' }",
        "2:69: `safelight.storage.prefix` must be a path of plain names, such as `team/photos`",
    ),
    (
        "safelight.r2.B.public_path = '/b'",
        "2:14: `safelight.r2.B` names no binding of `r2_buckets`",
    ),
    (
        "r2_buckets = [{ binding = 'B' }]\nsafelight.r2.B.public_path = '/'",
        "3:30: `safelight.r2.B.public_path` must be a path of plain names, such as `/photos`, and none of them `cdn-cgi`",
    ),
    (
        "r2_buckets = [{ binding = 'B' }, { binding = 'C' }]\nsafelight.r2 = { B = { public_path = '/b' }, C = { public_path = '/b/c/' } }",
        "3:66: `safelight.r2.C.public_path` and the public path of another bucket lie within each other",
    ),
    (
        "r2_buckets = [{ binding = 'B' }]\nsafelight.r2.B = {}",
        "3:14: `safelight.r2.B.public_path` is missing",
    ),
    (
        "r2_buckets = [{ binding = 'B' }]\nsafelight.r2.B.public_pat = '/b'",
        "3:16: `safelight.r2.B.public_pat` is not a key that is known here; did you mean `public_path`?",
    ),
    (
        "safelight.storage.part_bytes = 0",
        "2:32: `safelight.storage.part_bytes` must be a whole number from 1 to 5242880",
    ),
];

#[test]
fn one_mistake_one_message() {
    for (text, message) in MISTAKES {
        let whole = format!("main = \"w.wasm\"\n{text}");
        assert_eq!(errors(&whole), format!("wrangler.toml:{message}"), "{text}");
    }
}
