//! The count of a small workspace.

use super::Count;
use crate::project::File;
use crate::workspace::{Crate, Kind};

#[test]
fn a_workspace_is_counted() {
    let file = |path: &str, text: &str| File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let files = [
        file(
            "Cargo.lock",
            "[[package]]\nname = \"http\"\nsource = \"registry\"\n[[package]]\nname = \"net\"\n",
        ),
        file(
            "net/src/lib.rs",
            "mod a;\nmod b;\n#[cfg(test)]\nmod tests;\n",
        ),
        file("net/src/a.rs", "use crate::b::B;\n"),
        file("net/src/b.rs", "mod c;\n"),
        file("net/src/b/c.rs", "use crate::a::A;\n"),
        file("net/src/tests.rs", "#[test]\nfn t() {}\n"),
        file("net/tests/it.rs", "\n\n\n"),
        file("toys/src/lib.rs", "fn f() {}\n"),
        file("tests/tidy/src/lib.rs", "fn f() {}\n"),
        file("tests/it/main.rs", "\n\n"),
        file("net/README.md", "\n"),
    ];
    let mut crates = [
        Crate::planted("tidy", "tests/tidy", &["syn"]),
        Crate::planted("toys", "toys", &["net"]),
        Crate::planted("net", "net", &["http", "http", "protocol", "tempfile"]),
        Crate::planted("protocol", "images-protocol", &["net"]),
    ];
    crates[2].dependencies[3].kind = Kind::Dev;
    let count = Count::new(&crates, &files).unwrap();
    let text = count.to_string();
    let (figures, _legend) = text.split_once("\nsource: ").unwrap();
    assert_eq!(figures, EXPECTED);
}

const EXPECTED: &str = "\
crate        folder            rank     source lines  source files  all lines  all files  top modules  top circles  inner circles  file circles  uses  libraries
net          net/              12                  5             4         12          6            2          1/2            1/2             0     1          1
protocol     images-protocol/  14                  0             0          0          0            0            0              0             0     1          0
toys         toys/             no rank             1             1          1          1            0            0              0             0     1          0
tidy         tests/tidy/       free                1             1          1          1            0            0              0             0     0          1
in no crate                                                                 2          1
total                                              6             5         16          9                       1/2            1/2             0

largest crate: net with 5 lines of source
packages in Cargo.lock from elsewhere: 1
arrows between crates against the order: 1
  `protocol` (images-protocol/) depends on `net` (net/), which stands above it
";
