//! Lookups by name, and the errors of wrong names.

use super::{BindingKind, Env};

fn env(variables: &[(&str, &str)]) -> Env {
    Env::from_variables(
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
    .unwrap()
}

fn sample() -> Env {
    env(&[
        ("BINDINGS", r#"{"IMAGES":"images","PHOTOS":"r2"}"#),
        ("SITE", "shop"),
        ("LIMITS", r#"{"max":3}"#),
    ])
}

#[test]
fn a_variable_is_handed_out_as_it_is() {
    assert_eq!(sample().var("SITE").unwrap(), "shop");
    assert_eq!(sample().var("LIMITS").unwrap(), r#"{"max":3}"#);
}

#[test]
fn an_unknown_binding_names_what_there_is() {
    assert_eq!(
        sample().images("NOPE").unwrap_err().to_string(),
        "env has no binding NOPE; it has IMAGES (images), PHOTOS (r2)"
    );
    assert_eq!(
        env(&[]).images("NOPE").unwrap_err().to_string(),
        "env has no binding NOPE; it has none"
    );
}

#[test]
fn an_unknown_variable_names_what_there_is_and_not_the_hosts_own() {
    assert_eq!(
        sample().var("NOPE").unwrap_err().to_string(),
        "env has no variable NOPE; it has LIMITS, SITE"
    );
    assert!(sample().var("BINDINGS").is_err());
}

#[test]
fn a_name_of_another_kind_says_so() {
    assert_eq!(
        sample().images("PHOTOS").unwrap_err().to_string(),
        "env.PHOTOS is a binding of kind r2, not images"
    );
    assert_eq!(
        sample().images("SITE").unwrap_err().to_string(),
        "env.SITE is a variable, not a binding"
    );
    assert_eq!(
        sample().var("IMAGES").unwrap_err().to_string(),
        "env.IMAGES is a binding of kind images, not a variable"
    );
}

#[test]
fn services_and_assets_are_told_apart() {
    let env = env(&[("BINDINGS", r#"{"AUTH":"service","ASSETS":"assets"}"#)]);
    assert!(env.service("AUTH").is_ok());
    assert!(env.assets("ASSETS").is_ok());
    assert_eq!(
        env.service("ASSETS").unwrap_err().to_string(),
        "env.ASSETS is a binding of kind assets, not service"
    );
    assert_eq!(
        env.assets("AUTH").unwrap_err().to_string(),
        "env.AUTH is a binding of kind service, not assets"
    );
}

#[test]
fn bindings_are_called_at_the_origin_of_the_host() {
    let origins = [
        (vec![], "http://bindings.internal/IMAGES"),
        (
            vec![("BINDINGS_ORIGIN", "http://gateway:8080/b/")],
            "http://gateway:8080/b/IMAGES",
        ),
    ];
    for (mut variables, address) in origins {
        variables.push(("BINDINGS", r#"{"IMAGES":"images"}"#));
        assert_eq!(
            env(&variables)
                .binding("IMAGES", BindingKind::Images)
                .unwrap(),
            address
        );
    }
}

#[test]
fn a_list_of_bindings_that_is_not_one_is_an_error() {
    let error = Env::from_variables([("BINDINGS".to_owned(), "[]".to_owned())]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the host's list of bindings is malformed"),
        "{error}"
    );
}
