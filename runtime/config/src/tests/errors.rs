//! Every mistake is refused with its place and the reason.

use super::{errors, load};

/// A text that stands below `main = "w.wasm"`, so that its first line is line 2, and its message.
type Row = (&'static str, &'static str);

/// Keys of the top level.
const KEYS: &[Row] = &[
    (
        "[[hyperdrive]]\nbinding = 'B'",
        "2:3: `hyperdrive` is a binding that safelight does not have yet",
    ),
    (
        "hyperdrive.bindings = [{ name = 'D' }]",
        "2:1: `hyperdrive` is a binding that safelight does not have yet",
    ),
    (
        "assets = { directory = 'p', html_handling = 'guess' }",
        "2:45: `assets.html_handling` must be one of auto-trailing-slash, force-trailing-slash, drop-trailing-slash, none",
    ),
    (
        "[assets]\nbinding = 'A'",
        "2:2: `assets.directory` is missing",
    ),
    (
        "[assets]\ndirectory = ' '",
        "3:13: `assets.directory` is empty",
    ),
    (
        "assets = { directory = 'p', run_worker_first = ['!/a'] }",
        "2:48: `assets.run_worker_first` must have at least one rule without `!`",
    ),
    (
        "assets = { directory = 'p', run_worker_first = ['a'] }",
        "2:48: `assets.run_worker_first` must have rules that begin with `/` or `!/`",
    ),
    (
        "assets = { directory = 'p', run_worker_first = ['/a', '/a'] }",
        "2:48: `assets.run_worker_first` has the same rule twice",
    ),
    (
        "assets = { directory = 'p', binding = 'X' }\nvars = { X = 1 }",
        "2:39: `assets.binding` has the same name as `vars.X`",
    ),
    (
        "services = [{ binding = 'A' }]",
        "2:13: `services[0].service` is missing",
    ),
    (
        "services = [{ binding = 'A', service = 'a', entrypoint = 'E' }]",
        "2:45: `services[0].entrypoint` is not supported by safelight yet",
    ),
    (
        "services = [{ binding = 'A', service = 'a', props = { x = 1 } }]",
        "2:45: `services[0].props` is not supported by safelight yet",
    ),
    (
        "services = [{ binding = 'A', service = 'a', environment = 'e' }]",
        "2:45: `services[0].environment` is not supported by safelight yet",
    ),
    (
        "services = [{ binding = 'A', service = 'a', remote = true }]",
        "2:54: `services[0].remote` cannot be true: safelight runs every binding on this machine",
    ),
    (
        "services = [{ binding = 'A', service = 'a' }, { binding = 'A', service = 'b' }]",
        "2:59: `services[1].binding` has the same name as `services[0].binding`",
    ),
    (
        "compatability_date = '2026-08-01'",
        "2:1: `compatability_date` is not a key that is known here; did you mean `compatibility_date`?",
    ),
    (
        "r2Buckets = []",
        "2:1: `r2Buckets` is not a key that is known here; did you mean `r2_buckets`?",
    ),
    ("zebra = 1", "2:1: `zebra` is not a key that is known here"),
    (
        "name = 'My Worker'",
        "2:8: `name` may hold only lowercase letters, digits, `_` and `-`, and does not begin with `-`",
    ),
    ("name = ' '", "2:8: `name` is empty"),
    (
        "compatibility_date = 'today'",
        "2:22: `compatibility_date` must be a date in the form 2026-08-01",
    ),
    (
        "compatibility_flags = ['a', 2]",
        "2:29: `compatibility_flags[1]` must be a string, but is a number",
    ),
    (
        "compatibility_flags = 'a'",
        "2:23: `compatibility_flags` must be a list of strings, but is a string",
    ),
    (
        "env = 'staging'",
        "2:7: `env` must be a table, but is a string",
    ),
];

/// The Images binding.
const IMAGES: &[Row] = &[
    (
        "images = [{ binding = 'IMAGES' }]",
        "2:10: `images` must be one table, not a list: a worker has one Images binding at most",
    ),
    (
        "images = 'IMAGES'",
        "2:10: `images` must be a table, but is a string",
    ),
    ("[images]", "2:2: `images.binding` is missing"),
    (
        "images.binding = 7",
        "2:18: `images.binding` must be a string, but is a number",
    ),
    (
        "images.binding = 'my-images'",
        "2:18: `images.binding` must be a name of letters, digits and `_` that does not begin with a digit",
    ),
    (
        "images.binding = '1MG'",
        "2:18: `images.binding` must be a name of letters, digits and `_` that does not begin with a digit",
    ),
    (
        "images.binding = ''",
        "2:18: `images.binding` must be a name of letters, digits and `_` that does not begin with a digit",
    ),
    (
        "images.binding = 'BINDINGS'",
        "2:18: `images.binding` uses a name that safelight itself gives to the worker",
    ),
    (
        "images = { binding = 'I', remote = true }",
        "2:36: `images.remote` cannot be true: safelight runs every binding on this machine",
    ),
    (
        "images = { binding = 'I', remote = 1 }",
        "2:36: `images.remote` must be a boolean, but is a number",
    ),
    (
        "images = { binding = 'I', remot = true }",
        "2:27: `images.remot` is not a key that is known here; did you mean `remote`?",
    ),
    (
        "images.binding = 'TITLE'\nvars.TITLE = 'x'",
        "2:18: `images.binding` has the same name as `vars.TITLE`",
    ),
];

/// Variables.
const VARS: &[Row] = &[
    (
        "vars.BINDINGS_ORIGIN = 'x'",
        "2:6: `vars.BINDINGS_ORIGIN` uses a name that safelight itself gives to the worker",
    ),
    (
        "vars.'a=b' = 'x'",
        "2:6: `vars.\"a=b\"` cannot be the name of a variable: it is empty or holds `=` or a NUL",
    ),
    (
        "vars.A = \"\\u0000\"",
        "2:10: `vars.A` holds a NUL, which an environment variable cannot",
    ),
    ("vars = []", "2:8: `vars` must be a table, but is a list"),
];

/// `safelight.faults`.
const FAULTS: &[Row] = &[
    (
        "safelight.faults = {}",
        "2:20: `safelight.faults` must be a list of tables, but is a table",
    ),
    (
        "safelight.faults = [7]",
        "2:21: `safelight.faults[0]` must be a table, but is a number",
    ),
    (
        "safelight.faults = [{ hang = true }]",
        "2:21: `safelight.faults[0].binding` is missing",
    ),
    (
        "safelight.faults = [{ binding = '*', hangs = true }]",
        "2:38: `safelight.faults[0].hangs` is not a key that is known here; did you mean `hang`?",
    ),
    (
        "safelight.faults = [{ binding = 'MY-IMAGES', hang = true }]",
        "2:33: `safelight.faults[0].binding` has an invalid target: expected a binding's name, or * for every call",
    ),
    (
        "safelight.faults = [{ binding = 'PHOTOS', hang = true }]",
        "2:33: `safelight.faults[0].binding` is aimed at PHOTOS, but the worker has no bindings",
    ),
    (
        "safelight.faults = [{ binding = '*', crash = true }]",
        "2:33: `safelight.faults[0].binding` cannot apply: crash needs an Images binding, and * has none",
    ),
    (
        "safelight.faults = [{ binding = '*', nth = 1 }]",
        "2:21: `safelight.faults[0]` has no kind: expected one of delay, slow_reader, slow_writer, truncate, corrupt, reset, hang, error, status, crash",
    ),
    (
        "safelight.faults = [{ binding = '*', hang = true, reset = true }]",
        "2:59: `safelight.faults[0].reset` gives more than one kind",
    ),
    (
        "safelight.faults = [{ binding = '*', hang = false }]",
        "2:45: `safelight.faults[0].hang` can only be true; leave it out to say no",
    ),
    (
        "safelight.faults = [{ binding = '*', delay = '5' }]",
        "2:46: `safelight.faults[0].delay` must be a number, but is a string",
    ),
    (
        "safelight.faults = [{ binding = '*', hang = true, rate = 1.5 }]",
        "2:58: `safelight.faults[0].rate` has an invalid rate: expected a number from 0 to 1 with at most six digits after the point",
    ),
    (
        "safelight.faults = [{ binding = '*', status = 100 }]",
        "2:47: `safelight.faults[0].status` has an invalid status: expected a whole number from 200 to 599",
    ),
];

/// `dev`, `limits`, `safelight` and `build`.
const SERVING: &[Row] = &[
    (
        "dev.ip = 'example'",
        "2:10: `dev.ip` must be an IP address, `localhost` or `*`",
    ),
    (
        "dev.port = 65536",
        "2:12: `dev.port` must be a whole number from 0 to 65535",
    ),
    (
        "dev.port = '80'",
        "2:12: `dev.port` must be a number, but is a string",
    ),
    (
        "dev.local_protocol = 'https'",
        "2:22: `dev.local_protocol` must be `http`: safelight does not serve https yet",
    ),
    (
        "dev.host = 'example.com'",
        "2:12: `dev.host` is not supported by safelight yet: the worker sees the host it was asked for; `safelight.allowed_hosts` allows one",
    ),
    (
        "limits.cpu_ms = 0",
        "2:17: `limits.cpu_ms` must be a whole number from 1 to 300000",
    ),
    (
        "limits.cpu_ms = 1.5",
        "2:17: `limits.cpu_ms` must be a whole number from 1 to 300000",
    ),
    (
        "limits.cpu_ms = -1",
        "2:17: `limits.cpu_ms` must be a whole number from 1 to 300000",
    ),
    (
        "safelight.memory_mb = 4097",
        "2:23: `safelight.memory_mb` must be a whole number from 1 to 4096",
    ),
    (
        "safelight.lenient = true",
        "2:11: `safelight.lenient` is not a key that is known here",
    ),
    (
        "safelight.time_budget_ms = 0",
        "2:28: `safelight.time_budget_ms` must be a whole number from 1 to 3600000",
    ),
    (
        "safelight.memory_budget_mb = 64001",
        "2:30: `safelight.memory_budget_mb` must be a whole number from 1 to 64000",
    ),
    (
        "safelight.jpeg_decoder = 'mozjpeg'",
        "2:26: `safelight.jpeg_decoder` must be turbo or zune",
    ),
    (
        "safelight.allowed_addresses = ['loopback', 'http://a']",
        "2:31: `safelight.allowed_addresses` \"http://a\" is not `loopback`, a host, an address or a range such as 10.0.0.0/8",
    ),
    (
        "safelight.denied_origins = ['a.test/b']",
        "2:28: `safelight.denied_origins` \"a.test/b\" is a host with a path, but hosts are denied as a whole",
    ),
    (
        "safelight.allowed_addresses = 'loopback'",
        "2:31: `safelight.allowed_addresses` must be a list of strings, but is a string",
    ),
    (
        "safelight.deadlines.write_ms = 0",
        "2:32: `safelight.deadlines.write_ms` must be a whole number from 1 to 3600000",
    ),
    (
        "safelight.deadlines.header_read_ms = 3600001",
        "2:38: `safelight.deadlines.header_read_ms` must be a whole number from 1 to 3600000",
    ),
    (
        "safelight.deadlines.body_read_ms = '30 s'",
        "2:36: `safelight.deadlines.body_read_ms` must be a number, but is a string",
    ),
    (
        "safelight.deadlines.body_read = 30",
        "2:21: `safelight.deadlines.body_read` is not a key that is known here; did you mean `body_read_ms`?",
    ),
    (
        "safelight.deadlines = 30",
        "2:23: `safelight.deadlines` must be a table, but is a number",
    ),
    ("build.command = ''", "2:17: `build.command` is empty"),
    (
        "build = { command = 'make', watch_dir = 5 }",
        "2:41: `build.watch_dir` must be a string or a list of strings, but is a number",
    ),
    (
        "build.upload = {}",
        "2:7: `build.upload` is not a key that is known here",
    ),
];

#[test]
fn one_mistake_one_message() {
    for (text, message) in [KEYS, IMAGES, VARS, FAULTS, SERVING].concat() {
        let whole = format!("main = \"w.wasm\"\n{text}");
        assert_eq!(errors(&whole), format!("wrangler.toml:{message}"), "{text}");
    }
}

#[test]
fn all_mistakes_are_reported_in_the_order_of_the_file() {
    let text = r#"name = 7
zebra = 1
hyperdrive = [{ binding = "K" }]

[images]
binding = "no name"
remote = true

[dev]
port = -1
"#;
    assert_eq!(
        errors(text),
        "\
wrangler.toml: `main` is missing
wrangler.toml:1:8: `name` must be a string, but is a number
wrangler.toml:2:1: `zebra` is not a key that is known here
wrangler.toml:3:1: `hyperdrive` is a binding that safelight does not have yet
wrangler.toml:6:11: `images.binding` must be a name of letters, digits and `_` that does not begin with a digit
wrangler.toml:7:10: `images.remote` cannot be true: safelight runs every binding on this machine
wrangler.toml:10:8: `dev.port` must be a whole number from 0 to 65535"
    );
}

#[test]
fn json_mistakes_have_the_same_places_and_words() {
    let text = r#"{
  // a comment does not shift what follows
  "main": "w.wasm",
  "images": { "binding": "é", "remote": true },
}"#;
    let errors = load("wrangler.jsonc", text, None).unwrap_err().to_string();
    assert_eq!(
        errors,
        "\
wrangler.jsonc:4:26: `images.binding` must be a name of letters, digits and `_` that does not begin with a digit
wrangler.jsonc:4:41: `images.remote` cannot be true: safelight runs every binding on this machine"
    );
}

#[test]
fn a_wrong_main_is_not_also_missing() {
    assert_eq!(
        errors("main = 5"),
        "wrangler.toml:1:8: `main` must be a string, but is a number"
    );
    assert_eq!(errors("main = ''"), "wrangler.toml:1:8: `main` is empty");
}

#[test]
fn every_binding_key_is_refused_by_name() {
    use crate::keys::{Role, lookup, names};
    let mut has_refused = false;
    for key in names() {
        let Some((Role::UnsupportedBinding | Role::UnsupportedFeature, _)) = lookup(key) else {
            continue;
        };
        let text = format!("main = 'w.wasm'\n{key} = 1");
        let message = errors(&text);
        assert!(
            message.starts_with(&format!("wrangler.toml:2:1: `{key}` is")),
            "{message}"
        );
        has_refused = true;
    }
    assert!(has_refused);
}
