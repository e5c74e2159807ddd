//! Valid configs and their values.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use safelight_net::Deadlines;
use safelight_protocol::settings::{JpegDecoder, PixelSettings, Sandbox};

use super::{config, load, warnings};
use crate::{Binding, BindingConfig, Build, Dev, Limits};

#[test]
fn the_three_kinds_of_file_say_the_same() {
    let toml = r#"
        name = "gallery"
        main = "worker.wasm"
        compatibility_date = "2026-08-01"
        [images]
        binding = "IMAGES"
        remote = false
        [vars]
        MAX_W = 1600
        TITLE = "Gallery"
        [dev]
        port = 9000
    "#;
    let json = r#"{
        "name": "gallery", "main": "worker.wasm", "compatibility_date": "2026-08-01",
        "images": { "binding": "IMAGES", "remote": false },
        "vars": { "MAX_W": 1600, "TITLE": "Gallery" },
        "dev": { "port": 9000 }
    }"#;
    let jsonc = r#"{
        // the worker
        "name": "gallery", "main": "worker.wasm", /* a date */ "compatibility_date": "2026-08-01",
        "images": { "binding": "IMAGES", "remote": false, },
        "vars": { "MAX_W": 1600, "TITLE": "Gallery", },
        "dev": { "port": 9000 },
    }"#;
    let mut configs = Vec::new();
    for (file, text) in [
        ("wrangler.toml", toml),
        ("wrangler.json", json),
        ("wrangler.jsonc", jsonc),
    ] {
        let loaded = load(file, text, None).unwrap();
        assert_eq!(loaded.warnings, [], "{file}");
        assert_eq!(loaded.config.file, Path::new(file));
        let mut config = loaded.config;
        config.file = PathBuf::new();
        configs.push(config);
    }
    assert_eq!(configs[0], configs[1]);
    assert_eq!(configs[0], configs[2]);

    let config = &configs[0];
    assert_eq!(config.name, "gallery");
    assert_eq!(
        config.main.as_ref().unwrap(),
        Path::new("/project/worker.wasm")
    );
    assert_eq!(config.dir, Path::new("/project"));
    assert_eq!(config.environment, None);
    let vars = [("MAX_W", "1600"), ("TITLE", "Gallery")];
    assert_eq!(
        config.vars,
        vars.map(|(name, value)| (name.into(), value.into()))
    );
    let images = Binding {
        name: "IMAGES".into(),
        config: BindingConfig::Images,
    };
    assert_eq!(config.bindings, [images]);
    assert_eq!(config.dev.port, Some(9000));
}

#[test]
fn a_missing_value_has_a_default() {
    let config = config(r#"main = "./src/../w.wasm""#);
    assert_eq!(config.name, "project", "the folder's name");
    assert_eq!(config.main.unwrap(), Path::new("/project/src/../w.wasm"));
    assert_eq!(config.vars, []);
    assert_eq!(config.bindings, []);
    assert_eq!(
        config.dev,
        Dev {
            ip: None,
            port: None
        }
    );
    assert_eq!(
        config.limits,
        Limits {
            cpu: Duration::from_secs(30),
            memory_bytes: 128 * 1024 * 1024,
            instances_memory_bytes: 4096 * 1024 * 1024,
        }
    );
    assert_eq!(config.deadlines, Deadlines::default());
    assert_eq!(config.build, None);
}

#[test]
fn a_deadline_that_is_not_said_keeps_its_default() {
    let config = config(
        r#"
        main = "w.wasm"
        [safelight.deadlines]
        header_read_ms = 1
        write_ms = 3_600_000
        "#,
    );
    let expected = Deadlines {
        header_read: Duration::from_millis(1),
        write: Duration::from_secs(3_600),
        ..Deadlines::default()
    };
    assert_eq!(config.deadlines, expected);
}

#[test]
fn pixels_may_be_and_cost_what_is_said() {
    let said = config(
        r#"
        main = "w.wasm"
        [safelight]
        strict = true
        avif_input = false
        time_budget_ms = 250
        memory_budget_mb = 64
        memory_total_mb = 900
        sandbox = "require"
        jpeg_decoder = "zune"
        "#,
    );
    let expected = PixelSettings {
        strict: true,
        avif_input: false,
        time_budget_ms: 250,
        memory_budget_mb: 64,
        memory_total_mb: Some(900),
        sandbox: Sandbox::Require,
        jpeg_decoder: JpegDecoder::Zune,
    };
    assert_eq!(said.pixels, expected);
    let unsaid = config(r#"main = "w.wasm""#);
    assert_eq!(unsaid.pixels, PixelSettings::default());
}

#[test]
fn addresses_that_are_not_public_are_reached_if_they_are_listed() {
    let config = config(
        r#"
        main = "w.wasm"
        [safelight]
        allowed_addresses = ["loopback:8080", "fonts.lan"]
        "#,
    );
    let expected = ["loopback:8080", "fonts.lan"].map(|text| text.parse().unwrap());
    assert_eq!(config.image_urls.allowed_addresses, expected);
}

#[test]
fn memory_of_all_instances_and_redacted_parameters_are_what_is_said() {
    let said = config(
        r#"
        main = "w.wasm"
        [safelight]
        instances_memory_mb = 300
        redact_query = ["token", "sig"]
        "#,
    );
    assert_eq!(said.limits.instances_memory_bytes, 300 << 20);
    assert_eq!(said.redact_query, ["token", "sig"]);
    let errors = load(
        "wrangler.toml",
        "main = 'w.wasm'\nsafelight = { redact_query = [''], instances_memory_mb = 0 }",
        None,
    );
    let errors = errors.unwrap_err().to_string();
    assert!(
        errors.contains("`safelight.redact_query` is empty"),
        "{errors}"
    );
    assert!(
        errors.contains("`safelight.instances_memory_mb` must be a whole number from 1 to 1048576"),
        "{errors}"
    );
}

#[test]
fn clients_may_name_the_hosts_that_are_listed() {
    let listed = config(
        r#"
        main = "w.wasm"
        [safelight]
        allowed_hosts = ["dev.example", ".lan"]
        "#,
    );
    let bare = config(r#"main = "w.wasm""#);
    for host in ["dev.example", "box.lan"] {
        assert!(listed.allowed_hosts.contains(host), "{host}");
        assert!(!bare.allowed_hosts.contains(host), "{host}");
    }
}

#[test]
fn a_variable_is_its_text_or_else_its_json_in_the_order_of_the_file() {
    let config = config(
        r#"
        main = "w.wasm"
        [vars]
        Z = "text with \"quotes\""
        YES = true
        HEX = 0xff
        THOUSAND = 1_000.0
        HALF = 0.5
        DAY = 2026-08-01
        LIST = [1, "two\n", { three = 3 }]
        A = { b = "c" }
        "#,
    );
    let vars: Vec<_> = config
        .vars
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        vars,
        [
            r#"Z=text with "quotes""#,
            "YES=true",
            "HEX=255",
            "THOUSAND=1000",
            "HALF=0.5",
            "DAY=2026-08-01",
            r#"LIST=[1,"two\n",{"three":3}]"#,
            r#"A={"b":"c"}"#,
        ]
    );
}

#[test]
fn json_numbers_and_null_are_variables_too() {
    let text =
        r#"{"main": "w.wasm", "vars": {"E": 1e3, "BIG": 12345678901234567890, "NOTHING": null}}"#;
    let loaded = load("wrangler.json", text, None).unwrap();
    let values: Vec<_> = loaded.config.vars.iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["1000", "12345678901234567890", "null"]);
}

#[test]
fn dev_ip_takes_names_and_both_kinds_of_address() {
    for (text, ip) in [
        ("localhost", "127.0.0.1"),
        ("*", "0.0.0.0"),
        ("0.0.0.0", "0.0.0.0"),
        ("::1", "::1"),
        ("[::]", "::"),
        ("192.168.1.7", "192.168.1.7"),
    ] {
        let config = config(&format!("main = 'w.wasm'\ndev = {{ ip = '{text}' }}"));
        assert_eq!(config.dev.ip, Some(ip.parse::<IpAddr>().unwrap()), "{text}");
    }
}

#[test]
fn limits_and_build_are_read() {
    let config = config(
        r#"
        main = "out/w.wasm"
        [limits]
        cpu_ms = 50
        [build]
        command = "make && cp a.wasm out/w.wasm"
        cwd = "./guest"
        [safelight]
        memory_mb = 64
        "#,
    );
    assert_eq!(config.limits.cpu, Duration::from_millis(50));
    assert_eq!(config.limits.memory_bytes, 64 << 20);
    let build = Build {
        command: "make && cp a.wasm out/w.wasm".into(),
        cwd: "/project/guest".into(),
    };
    assert_eq!(config.build, Some(build));
}

#[test]
fn faults_say_what_the_command_line_says() {
    let config = config(
        r#"
        main = "w.wasm"
        images.binding = "IMAGES"
        [[safelight.faults]]
        binding = "IMAGES"
        path = "/transform"
        truncate = 200_000
        nth = 2
        seed = 7
        [[safelight.faults]]
        binding = "*"
        slow_reader = "8192/100"
        rate = 0.25
        [[safelight.faults]]
        binding = "IMAGES"
        hang = true
        every = true
        [[safelight.faults]]
        binding = "IMAGES"
        crash = "pixels"
        [[safelight.faults]]
        binding = "IMAGES"
        crash = true
        "#,
    );
    let faults: Vec<_> = config.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "IMAGES:truncate=200000,path=/transform,nth=2,seed=7",
            "*:slow_reader=8192/100,rate=0.25",
            "IMAGES:hang",
            "IMAGES:crash=pixels",
            "IMAGES:crash"
        ]
    );
}

#[test]
fn keys_without_effect_share_one_warning_in_the_order_of_the_file() {
    let warned = warnings(
        r#"
        account_id = "0"
        main = "w.wasm"
        compatibility_flags = ["nodejs_compat"]
        workers_dev = true
        [triggers]
        crons = ["* * * * *"]
        [limits]
        subrequests = 5
        [dev]
        inspector_port = 9229
        "#,
    );
    assert_eq!(
        warned,
        [
            "wrangler.toml:2:9: `account_id`, `compatibility_flags`, `workers_dev`, `triggers`, \
             `limits.subrequests` and `dev.inspector_port` have no effect on a local run"
        ]
    );
}

#[test]
fn one_key_without_effect_is_named_in_the_singular() {
    assert_eq!(
        warnings("main = 'w.wasm'\nroute = 'example.com/*'"),
        ["wrangler.toml:2:1: `route` has no effect on a local run"]
    );
}

#[test]
fn a_section_that_grants_nothing_is_no_mistake() {
    let text = r#"{
        "main": "w.wasm", "$schema": "./schema.json", "hyperdrive": [], "r2_buckets": [],
        "dispatch_namespaces": [], "unsafe": { "bindings": [], "metadata": [] },
        "wasm_modules": {}, "migrations": [], "site": null, "compatibility_flags": []
    }"#;
    let loaded = load("wrangler.json", text, None).unwrap();
    assert_eq!(loaded.warnings, []);
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_text() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wrangler.json");
    std::fs::write(&file, "\u{feff}{\"main\": \"w.wasm\"}").unwrap();
    let loaded = crate::Config::load(dir.path(), None, None).unwrap();
    assert_eq!(loaded.config.main.unwrap(), dir.path().join("w.wasm"));
}
