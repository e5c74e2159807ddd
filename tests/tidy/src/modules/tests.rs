//! Small crates as texts: their imports and their circles.

use std::collections::BTreeMap;

use super::circle::{Circle, file_circles, folder_circles};
use super::{Module, read};

fn modules(texts: &[(&str, &str)]) -> Vec<Module> {
    let texts: BTreeMap<&str, &str> = texts.iter().copied().collect();
    read("src/lib.rs", &texts).unwrap()
}

/// The imports of the module in `src/a.rs`, in a crate that has `b`, `b::deep` and `c` as well.
fn imports(a: &str) -> Vec<(String, usize)> {
    let modules = modules(&[
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a.rs", a),
        ("src/b.rs", "mod deep;"),
        ("src/b/deep.rs", ""),
        ("src/c.rs", ""),
    ]);
    let a = modules
        .into_iter()
        .find(|module| module.path == "crate::a")
        .unwrap();
    let imports = a.imports.into_iter();
    imports.map(|import| (import.to, import.line)).collect()
}

fn to(modules: &[(&str, usize)]) -> Vec<(String, usize)> {
    let named = modules
        .iter()
        .map(|(to, line)| (format!("crate::{to}"), *line));
    named.collect()
}

fn texts(circles: &[Circle]) -> Vec<String> {
    circles.iter().map(ToString::to_string).collect()
}

#[test]
fn a_use_is_an_import_however_it_is_written() {
    assert_eq!(imports("use crate::b::Item;"), to(&[("b", 1)]));
    assert_eq!(
        imports("use super::b::deep::Item as Other;"),
        to(&[("b::deep", 1)])
    );
    assert_eq!(imports("use self::super::b::deep;"), to(&[("b::deep", 1)]));
    assert_eq!(
        imports("use crate::{\n  b::{self, deep::{One, Two}},\n  c::*,\n};"),
        to(&[("b", 2), ("b::deep", 2), ("c", 3)])
    );
    assert_eq!(
        imports("fn f() {\n  use crate::c::go;\n  go();\n}"),
        to(&[("c", 2)])
    );
    assert_eq!(imports("pub(crate) use crate::b::Item;"), to(&[("b", 1)]));
}

#[test]
fn a_path_in_code_is_an_import() {
    assert_eq!(
        imports("fn f() -> crate::b::Item { super::c::go() }"),
        to(&[("b", 1), ("c", 1)])
    );
    assert_eq!(
        imports("use crate::b;\nfn f() { b::deep::go() }"),
        to(&[("b", 1), ("b::deep", 2)])
    );
    assert_eq!(
        imports("use crate::b as x;\nfn f(_: Vec<x::deep::T>) {}"),
        to(&[("b", 1), ("b::deep", 2)])
    );
    assert_eq!(
        imports("fn f() {\n  assert!(x == crate::b::deep::go(1), \"{}\", crate::c::N);\n}"),
        to(&[("b::deep", 2), ("c", 2)])
    );
    assert_eq!(
        imports("#[serde(with = \"crate::c\")]\nstruct S;"),
        to(&[("c", 1)])
    );
    assert_eq!(
        imports("mod inner {\n  fn f() { super::super::c::go() }\n}"),
        to(&[("c", 2)])
    );
}

#[test]
fn paths_that_lead_elsewhere_are_no_imports() {
    assert_eq!(
        imports("use std::b::Item;\nuse ::b::Item;\nfn f() { b::go(); let b: b; }"),
        to(&[])
    );
    assert_eq!(
        imports("/// [`crate::b::Item`]\nfn f() { let text = \"crate::b\"; }"),
        to(&[])
    );
}

fn imports_of(path: &str, modules: &[Module]) -> Vec<String> {
    let module = modules.iter().find(|module| module.path == path).unwrap();
    let imports = module.imports.iter();
    imports.map(|import| import.to.clone()).collect()
}

/// `two` names its ancestors alone, and the item of both paths is in `one`, which imports from `two`.
#[test]
fn a_circle_by_way_of_what_an_ancestor_exports_is_found() {
    let texts_of = |two| {
        modules(&[
            ("src/lib.rs", "mod a; pub use a::one::One;"),
            ("src/a.rs", "mod one; mod two; pub use one::One;"),
            ("src/a/one.rs", "use super::two::Two; pub struct One;"),
            ("src/a/two.rs", two),
        ])
    };
    for two in ["use super::One;", "fn f() { crate::One::new() }"] {
        let modules = texts_of(two);
        let [first, last] = imports_of("crate::a::two", &modules).try_into().unwrap();
        assert!(["crate", "crate::a"].contains(&first.as_str()), "{first}");
        assert_eq!(last, "crate::a::one");
        let members = ["crate::a::one", "crate::a::two"];
        assert_eq!(file_circles(&modules)[0].members, members);
        assert_eq!(folder_circles(&modules)[0].members, members);
    }
    assert_eq!(
        texts(&file_circles(&texts_of("use super::Other;"))),
        [""; 0]
    );
}

#[test]
fn an_item_is_followed_through_each_module_that_exports_it() {
    let modules = modules(&[
        (
            "src/lib.rs",
            "mod a; mod b; pub use b::{Deep as Renamed, inside};",
        ),
        ("src/a.rs", "use crate::Renamed;"),
        ("src/b.rs", "mod c; pub use c::{Deep, inside};"),
        ("src/b/c.rs", "pub mod inside {} pub struct Deep;"),
    ]);
    assert_eq!(
        imports_of("crate::a", &modules),
        ["crate", "crate::b", "crate::b::c"]
    );
    assert_eq!(imports_of("crate", &modules), ["crate::b", "crate::b::c"]);
}

#[test]
fn a_name_of_a_glob_leads_to_the_module_that_holds_it() {
    let modules = modules(&[
        (
            "src/lib.rs",
            "mod a; mod b; mod c; pub use b::*; pub use c::*; pub struct Own;",
        ),
        ("src/a.rs", "use crate::C;\nuse crate::Own;"),
        ("src/b.rs", "pub struct B; pub struct Own;"),
        ("src/c.rs", "pub struct C;"),
    ]);
    assert_eq!(
        imports_of("crate::a", &modules),
        ["crate", "crate", "crate::c"]
    );
}

#[test]
fn names_that_lead_to_each_other_end() {
    let modules = modules(&[
        (
            "src/lib.rs",
            "mod a; mod b; pub use http; pub use a::X; pub use b::*;",
        ),
        ("src/a.rs", "pub use crate::b::X; use crate::http::Uri;"),
        ("src/b.rs", "pub use crate::a::X; pub use crate::*;"),
    ]);
    assert_eq!(
        imports_of("crate::a", &modules),
        ["crate", "crate::a", "crate::b"]
    );
}

/// A `use` in a function names nothing for other modules.
#[test]
fn a_use_in_a_function_exports_nothing() {
    let modules = modules(&[
        ("src/lib.rs", "mod a; mod b; fn f() { use b::B; }"),
        ("src/a.rs", "use crate::B;"),
        ("src/b.rs", "pub struct B;"),
    ]);
    assert_eq!(imports_of("crate::a", &modules), ["crate"]);
}

#[test]
fn tests_are_left_out_with_their_lines() {
    let modules = modules(&[
        (
            "src/lib.rs",
            "mod a;\nmod b;\n#[cfg(test)]\nmod samples;\nmod tests;\n",
        ),
        (
            "src/a.rs",
            "fn f() {}\n\n#[cfg(any(test, fuzzing))]\nmod inner {\n    use crate::b::B;\n}\n\n#[cfg(all(test, unix))]\nuse crate::b::B;\n",
        ),
        (
            "src/b.rs",
            "use crate::a::A;\n#[cfg(any(test, unix))]\nuse crate::a::C;\n",
        ),
        ("src/samples.rs", "use crate::b::B;"),
        ("src/tests.rs", "use crate::b::B;"),
    ]);
    let lines: Vec<(&str, usize, usize)> = modules
        .iter()
        .map(|module| (module.path.as_str(), module.lines, module.imports.len()))
        .collect();
    assert_eq!(
        lines,
        [("crate", 2, 0), ("crate::a", 3, 0), ("crate::b", 3, 2)]
    );
}

#[test]
fn files_are_found_where_rust_finds_them() {
    let modules = modules(&[
        (
            "src/lib.rs",
            "mod r#type;\nmod inline { mod x; }\n#[path = \"../other/y.rs\"]\nmod y;",
        ),
        ("src/type/mod.rs", "mod z;"),
        ("src/type/z.rs", ""),
        ("src/inline/x.rs", ""),
        ("other/y.rs", ""),
    ]);
    let found: Vec<(&str, &str)> = modules
        .iter()
        .map(|module| (module.path.as_str(), module.file.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("crate", "src/lib.rs"),
            ("crate::inline::x", "src/inline/x.rs"),
            ("crate::type", "src/type/mod.rs"),
            ("crate::type::z", "src/type/z.rs"),
            ("crate::y", "other/y.rs"),
        ]
    );
}

#[test]
fn a_source_that_is_not_rust_is_an_error() {
    let texts = BTreeMap::from([("src/lib.rs", "fn f() {}\nfn {")]);
    let error = read("src/lib.rs", &texts).unwrap_err().to_string();
    assert!(error.starts_with("parse src/lib.rs:2: "), "{error}");
}

#[test]
fn a_circle_of_siblings_is_found_with_its_lines() {
    let circle = [
        ("src/lib.rs", "mod a; mod b; mod c; mod d;"),
        ("src/a.rs", "//! A.\nuse crate::b::B;"),
        ("src/b.rs", "use super::c;"),
        ("src/c.rs", "fn f() { crate::a::go() }"),
        ("src/d.rs", "use crate::a::A;"),
    ];
    let message = "circle of 3: a -> b -> c -> a\n    \
        src/a.rs:2: crate::b::B\n    \
        src/b.rs:1: super::c\n    \
        src/c.rs:1: crate::a::go";
    assert_eq!(texts(&file_circles(&modules(&circle))), [message]);
    assert_eq!(texts(&folder_circles(&modules(&circle))), [message]);
    let mut line = circle;
    line[3].1 = "fn f() { a::go() }";
    assert_eq!(texts(&file_circles(&modules(&line))), [""; 0]);
}

#[test]
fn a_parent_and_its_children_make_no_circle() {
    let modules = modules(&[
        ("src/lib.rs", "mod a; use a::A;"),
        ("src/a.rs", "mod b; use b::B; use crate::Root;"),
        ("src/a/b.rs", "mod c; use super::A; use crate::Root;"),
        ("src/a/b/c.rs", "use super::super::A; use crate::a::b::B;"),
    ]);
    assert_eq!(texts(&file_circles(&modules)), [""; 0]);
    assert_eq!(texts(&folder_circles(&modules)), [""; 0]);
}

#[test]
fn a_circle_across_folders_is_found() {
    let modules = modules(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "mod x;"),
        ("src/a/x.rs", "use crate::b::y::Y;"),
        ("src/b.rs", "mod y;"),
        ("src/b/y.rs", "use crate::a::x::X;"),
    ]);
    assert_eq!(
        file_circles(&modules)[0].members,
        ["crate::a::x", "crate::b::y"]
    );
    assert_eq!(
        folder_circles(&modules)[0].members,
        ["crate::a", "crate::b"]
    );
}

/// `a` imports from `b`, and what is inside `b` imports from `a`: no circle of files, but `b` as a whole is in one with `a`.
#[test]
fn a_circle_by_way_of_a_child_is_one_of_folders() {
    let modules = modules(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "use crate::b::B;"),
        ("src/b.rs", "mod y; pub struct B;"),
        ("src/b/y.rs", "use crate::a::A;"),
    ]);
    assert_eq!(texts(&file_circles(&modules)), [""; 0]);
    assert_eq!(
        texts(&folder_circles(&modules)),
        ["circle of 2: a -> b -> a\n    src/a.rs:1: crate::b::B\n    src/b/y.rs:1: crate::a::A"]
    );
}

#[test]
fn each_circle_is_reported_once_with_its_shortest_steps() {
    let modules = modules(&[
        ("src/lib.rs", "mod a; mod b; mod c; mod d; mod e;"),
        ("src/a.rs", "use crate::b::B;"),
        ("src/b.rs", "use crate::c::C;"),
        ("src/c.rs", "use crate::{a::A, b::B, d::D};"),
        ("src/d.rs", "use crate::e::E;"),
        ("src/e.rs", "use crate::d::D;"),
    ]);
    let circles = file_circles(&modules);
    let members: Vec<usize> = circles.iter().map(|circle| circle.members.len()).collect();
    assert_eq!(members, [3, 2]);
    assert!(
        circles[0]
            .to_string()
            .starts_with("circle of 3: b -> c -> b\n")
    );
    assert!(
        circles[1]
            .to_string()
            .starts_with("circle of 2: d -> e -> d\n")
    );
}
