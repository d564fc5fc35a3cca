use super::*;

fn policy_of(text: &str, variables: &[(&str, &str)]) -> Result<Policy, String> {
    let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    parse_policy(Path::new("Leptos.toml"), text, &variables).map_err(|error| error.0)
}

#[test]
fn the_file_of_the_repository_states_the_defaults() {
    let stated = policy_of(EMBEDDED, &[]).unwrap();
    assert_eq!(format!("{stated:?}").split("_package").next(), format!("{:?}", Policy::default()).split("_package").next());
}

#[test]
fn an_unknown_key_is_named_with_file_and_line() {
    let error = policy_of("[auth]\nexpires_in = 300\nexpiry = 5\n", &[]).unwrap_err();
    assert!(error.starts_with("Leptos.toml, line 3, auth.expiry: unknown field"), "{error}");
}

#[test]
fn a_value_of_the_wrong_type_is_named_with_file_and_line() {
    let error = policy_of("\n[auth]\nexpires_in = \"soon\"\n", &[]).unwrap_err();
    assert!(error.starts_with("Leptos.toml, line 3, auth.expires_in: invalid type"), "{error}");
}

#[test]
fn a_value_out_of_range_is_named_with_file_and_line() {
    let error = policy_of("[auth]\nexpires_in = 5\n", &[]).unwrap_err();
    assert_eq!(error, "Leptos.toml, line 2, auth.expires_in must be 60 to 3600, and is 5.");
}

#[test]
fn a_variable_overrides_the_file_and_a_bad_one_is_named() {
    let text = "[auth]\nexpires_in = 300\n";
    assert_eq!(policy_of(text, &[("LATCHKEY_AUTH__EXPIRES_IN", "120")]).unwrap().auth.expires_in, 120);
    assert_eq!(policy_of(text, &[("LATCHKEY_BRAND__NAME", "42")]).unwrap().brand.name, "42");
    let error = policy_of(text, &[("LATCHKEY_AUTH__EXPIRES_IN", "soon")]).unwrap_err();
    assert!(error.starts_with("LATCHKEY_AUTH__EXPIRES_IN (auth.expires_in): invalid type"), "{error}");
    let error = policy_of(text, &[("LATCHKEY_AUTH__COLOUR", "red")]).unwrap_err();
    assert!(error.starts_with("LATCHKEY_AUTH__COLOUR (auth.colour): unknown field"), "{error}");
}

#[test]
fn a_short_repetitive_or_example_secret_is_refused() {
    for bad in [
        "short",
        &"ab".repeat(20),
        "your-super-secret-jwt-key-change-me-in-production",
        "good-one-Zk3vQ9x7Lw2mN8rT5yB1cD4f,short",
    ] {
        let error = secret::parse(bad).unwrap_err().0;
        assert!(error.contains("openssl rand"), "{bad}: {error}");
        assert!(!error.contains(bad), "the refusal must not repeat the secret");
    }
    assert_eq!(secret::parse("Zk3vQ9x7Lw2mN8rT5yB1cD4fGh6jK0pS, Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC").unwrap().len(), 2);
}

#[test]
fn production_names_what_is_missing() {
    let mut variables = Variables::from([("LATCHKEY_ENV".to_owned(), "production".to_owned())]);
    let refusal = |variables: &Variables| Settings::load(variables).map(|_| ()).unwrap_err().0;
    for (name, value) in [
        ("LATCHKEY_PUBLIC_URL", "https://login.example.com"),
        ("SMTP_URL", "smtps://mail.example.com"),
        ("LATCHKEY_MAIL__FROM", "Example <no-reply@example.com>"),
        ("SESSION_JWT_SECRET", "Zk3vQ9x7Lw2mN8rT5yB1cD4fGh6jK0pS"),
    ] {
        assert!(refusal(&variables).starts_with(&format!("{name} is not set")), "{}", refusal(&variables));
        variables.insert(name.to_owned(), value.to_owned());
    }
    assert!(Settings::load(&variables).is_ok());
}
