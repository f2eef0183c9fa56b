//! Broken projects: what is found, and where it points.

use crate::support::{check, check_note, diagnostics};

#[test]
fn settings() {
    let check_settings = |text: &str, expected: &[&str]| {
        check(&[("mainstay.toml", text), ("models/note.toml", "")], expected);
    };
    check_settings("", &[]);
    check_settings("[serve]\n", &["unknown_key mainstay.toml:1:2 serve"]);
    check_settings(
        "[server]\nlisten = 8080\nrequest_timeout_ms = 0\n[data]\nengine = \"postgre\"\n",
        &[
            "wrong_type mainstay.toml:2:10 8080",
            "out_of_range mainstay.toml:3:22 0",
            "unknown_value mainstay.toml:5:10 \"postgre\"",
        ],
    );
    check_settings("[server]\nlisten = \"here\"", &["wrong_type mainstay.toml:2:10 \"here\""]);
    check_settings("server = 3", &["wrong_type mainstay.toml:1:10 3"]);
    check_settings("[accounts.password]\nlanes = 1", &["unknown_key mainstay.toml:2:1 lanes"]);
    check_settings("[data]\nreaders = 65", &["out_of_range mainstay.toml:2:11 65"]);
    check_settings("[data]\nreaders = 64", &[]);
    for folder in ["", ".", "./."] {
        let fault = format!("bad_data_folder mainstay.toml:2:10 \"{folder}\"");
        check_settings(&format!("[data]\nfolder = \"{folder}\""), &[&fault]);
    }
    for folder in ["./data", "..", "/srv/data"] {
        check_settings(&format!("[data]\nfolder = \"{folder}\""), &[]);
    }
    let replicas = "replicas = [\"postgres://b/d\"]";
    check_settings(&format!("[data]\nengine = \"postgres\"\n{replicas}"), &[]);
    check_settings("[server.tls]\nkey = \"k\"\n", &["tls_incomplete mainstay.toml:2:7 \"k\""]);
    check_settings(&format!("[data]\n{replicas}"), &["no_replicas mainstay.toml:2:12 [\"postgres://b/d\"]"]);
    let postgres = "[data]\nengine = \"postgres\"\n[wake]\n";
    for (wake, expected) in [
        ("adapter = \"nats\"\nurl = \"tls://p@a\"\nprefix = \"a.B-1\"", None),
        ("adapter = \"redis\"\nurl = \"rediss://:p@a\"", None),
        ("adapter = \"redis\"", None),
        ("adapter = \"redis\"\nurl = \"nats://p@a\"", Some("bad_wake_url mainstay.toml:5:1 url")),
        ("url = \"nats://p@a\"", Some("bad_wake_url mainstay.toml:4:1 url")),
        ("adapter = \"rabbit\"", Some("unknown_value mainstay.toml:4:11 \"rabbit\"")),
        ("prefix = \"\"", Some("bad_wake_prefix mainstay.toml:4:10 \"\"")),
        ("prefix = \"a..b\"", Some("bad_wake_prefix mainstay.toml:4:10 \"a..b\"")),
        ("prefix = \"a.*\"", Some("bad_wake_prefix mainstay.toml:4:10 \"a.*\"")),
    ] {
        check_settings(&format!("{postgres}{wake}"), expected.as_slice());
    }
    check_settings("[wake]\nadapter = \"nats\"", &["no_nodes mainstay.toml:2:11 \"nats\""]);
    check_settings("name = \"a", &["toml_syntax mainstay.toml:1:10 "]);
    check_settings("name = 1\n[server", &["toml_syntax mainstay.toml:2:8 "]);
}

#[test]
fn versions_of_clients() {
    let check_app = |text: &str, expected: &[&str]| {
        check(&[("mainstay.toml", text), ("models/note.toml", "")], expected);
    };
    check_app("[app.ios]\nstore = \"3.2\"\nminimum = \"3.2.0\"\nrecommended = \"3.1\"", &[]);
    check_app("[app.ios.texts.de]\nmessage = \"Bitte neu\"\n[app.web]\nenforce = true", &[]);
    check_app(
        "[app.ios]\nstore = \"3.2\"\nminimum = \"3.2.1\"\nrecommended = \"4\"",
        &["not_in_store mainstay.toml:3:11 \"3.2.1\"", "not_in_store mainstay.toml:4:15 \"4\""],
    );
    check_app("[app.ios]\nminimum = \"3\"", &["not_in_store mainstay.toml:2:11 \"3\""]);
    check_app("[app.ios]\nstore = \"three\"", &["wrong_type mainstay.toml:2:9 \"three\""]);
    check_app("[app.ios]\nstore = 3.2", &["wrong_type mainstay.toml:2:9 3.2"]);
    check_app("[app.ios]\nrollout_percent = 101", &["out_of_range mainstay.toml:2:19 101"]);
    check_app("[app.ios]\nminimun = \"3\"", &["unknown_key mainstay.toml:2:1 minimun"]);
    check_app("[app.iOS]\n", &["bad_name mainstay.toml:1:1 [app.iOS]"]);
}

#[test]
fn log_levels() {
    let check_level = |level: &str, expected: &[&str]| {
        let text = format!("[log]\nlevel = \"{level}\"");
        check(&[("mainstay.toml", &text), ("models/note.toml", "")], expected);
    };
    for good in ["info", "WARN", "off", "info,mainstay_engine=debug", "mainstay::api=2,error"] {
        check_level(good, &[]);
    }
    for bad in ["", "inof", "info,", "a=b=c", "a=b", "=info", "info debug"] {
        check_level(bad, &[&format!("invalid_log_level mainstay.toml:2:9 \"{bad}\"")]);
    }
}

#[test]
fn a_project_has_settings_and_models() {
    let missing = "config_missing there is no mainstay.toml here, so this is not a project folder";
    let empty = "?no_models the project has no models, so all that it offers is accounts";
    check(&[], &[missing]);
    check(&[("models/note.toml", "")], &[missing]);
    check(&[("mainstay.toml", "")], &[empty]);
    let broken = ("models/Note.toml", "");
    check(&[("mainstay.toml", ""), broken], &["bad_name models/Note.toml:1:1 "]);
    check(&[("mainstay.toml", ""), ("models/sub/note.toml", "x = 1"), ("README.md", "")], &[empty]);
}

#[test]
fn syntax_is_the_only_fault_reported_of_a_file() {
    let files = [
        ("mainstay.toml", ""),
        ("models/note.toml", "[fields]\ntitle = strng\nbody = { typo = 1 }\n[allow]\nread = \"nothing\""),
        ("models/page.toml", "[fields]\nnote = { type = \"ref\", model = \"note\" }\nx = \"strin\""),
    ];
    check(
        &files,
        &["toml_syntax models/note.toml:2:9 strng", "unknown_value models/page.toml:3:5 \"strin\""],
    );
    check_note(
        "[fields]\nn = { type = \"int\", max = 9223372036854775808 }",
        &["toml_syntax 2:27 9223372036854775808"],
    );
}

#[test]
fn keys() {
    check_note("softdelete = true", &["unknown_key 1:1 softdelete"]);
    check_note("[fields]\na = { type = \"int\", maxi = 3 }", &["unknown_key 2:21 maxi"]);
    check_note("[fields.a]\ntype = \"int\"\nmaximum = 3", &["unknown_key 3:1 maximum"]);
    check_note("[allow]\nlist = \"true\"", &["unknown_key 2:1 list"]);
    check_note("[[indexes]]\nfields = [\"id\", \"version\"]\nuniqe = true", &["unknown_key 3:1 uniqe"]);
}

#[test]
fn kinds_of_values() {
    check_note("doc = 1", &["wrong_type 1:7 1"]);
    check_note("fields = 1", &["wrong_type 1:10 1"]);
    check_note("indexes = {}", &["wrong_type 1:11 {}"]);
    check_note("indexes = [1]", &["wrong_type 1:12 1"]);
    check_note("[[indexes]]\nfields = [\"id\", 5]", &["wrong_type 2:17 5"]);
    check_note("[fields]\na = 1", &["wrong_type 2:5 1"]);
    check_note("[fields]\na = { type = \"int\", optional = 1 }", &["wrong_type 2:32 1"]);
    check_note("[fields]\na = { type = \"decimal\", scale = 19 }", &["out_of_range 2:33 19"]);
    check_note("[fields]\na = { type = \"text\", max_length = -1 }", &["out_of_range 2:35 -1"]);
}

#[test]
fn types() {
    check_note("[fields]\na = \"strng\"", &["unknown_value 2:5 \"strng\""]);
    check_note("[fields]\na = {}", &["type_missing 2:1 a"]);
    check_note("[fields.a]\ndoc = \"A\"", &["type_missing 1:9 a"]);
    check_note("[fields]\na = { type = \"int\", scale = 2 }", &["unfit_option 2:21 scale"]);
    check_note("[fields]\na = { type = \"json\", index = true }", &["unfit_option 2:22 index"]);
    check_note("[fields]\na = { type = \"secret\", default = \"x\" }", &["unfit_option 2:24 default"]);
    check_note("[fields]\na = \"enum\"", &["option_missing 2:1 a"]);
    check_note("[fields]\na = { type = \"enum\", values = [] }", &["option_missing 2:31 []"]);
    check_note("[fields]\na = { type = \"enum\", values = 1 }", &["wrong_type 2:31 1"]);
    check_note(
        "[fields]\na = { type = \"enum\", values = [\"x\", \"\", \"x\"] }",
        &["bad_enum_value 2:37 \"\"", "bad_enum_value 2:41 \"x\""],
    );
    check_note("[fields]\na = \"list\"", &["option_missing 2:1 a"]);
    check_note("[fields]\na = { type = \"list\", of = \"json\" }", &["bad_list 2:27 \"json\""]);
    check_note("[fields]\na = { type = \"list\", of = \"int\", scale = 1 }", &["unfit_option 2:34 scale"]);
    check_note("[fields]\na = { type = \"list\", of = \"decimal\", scale = 1 }", &[]);
}

#[test]
fn refs() {
    check_note("[fields]\na = \"ref\"", &["option_missing 2:1 a"]);
    check_note("[fields]\na = { type = \"ref\", model = \"usr\" }", &["unknown_model 2:29 \"usr\""]);
    check_note(
        "[fields]\na = { type = \"ref\", model = \"_session\" }",
        &["unknown_model 2:29 \"_session\""],
    );
    check_note(
        "[fields]\na = { type = \"ref\", model = \"user\", on_delete = \"set-null\" }",
        &["bad_on_delete 2:49 \"set-null\""],
    );
    check_note(
        "[fields]\na = { type = \"ref\", model = \"user\", on_delete = \"set_null\" }",
        &["unknown_value 2:49 \"set_null\""],
    );
    check_note(
        "[fields]\na = { type = \"ref\", model = \"user\" }\nb = { type = \"ref\", model = \"user\" }\n\
         c = { type = \"ref\", model = \"user\", inverse = \"c_notes\" }",
        &["inverse_missing 2:1 a", "inverse_missing 3:1 b"],
    );
    check_note(
        "[fields]\na = { type = \"ref\", model = \"user\", inverse = \"email\" }",
        &["name_clash 2:47 \"email\""],
    );
    check_note(
        "[fields]\na = { type = \"ref\", model = \"user\", inverse = \"in\" }",
        &["reserved_name 2:47 \"in\""],
    );
}

#[test]
fn refs_that_no_record_can_satisfy() {
    let parent = |options: &str| format!("[fields]\nup = {{ type = \"ref\", model = \"note\"{options} }}");
    check_note(&parent(""), &["?ref_unsatisfiable 2:1 up"]);
    check_note(&parent(", optional = true"), &[]);
    let leads_to = |model: &str| format!("[fields]\nto = {{ type = \"ref\", model = \"{model}\" }}");
    let (hen, egg, cook) = (leads_to("egg"), leads_to("hen"), leads_to("hen"));
    // `cook` waits for the circle, but is no part of it.
    check(
        &[
            ("mainstay.toml", ""),
            ("models/hen.toml", &hen),
            ("models/egg.toml", &egg),
            ("models/cook.toml", &cook),
        ],
        &["?ref_unsatisfiable models/hen.toml:2:1 to", "?ref_unsatisfiable models/egg.toml:2:1 to"],
    );
    let egg = egg.replace(" }", ", optional = true }");
    check(
        &[
            ("mainstay.toml", ""),
            ("models/hen.toml", &hen),
            ("models/egg.toml", &egg),
            ("models/cook.toml", &cook),
        ],
        &[],
    );
}

#[test]
fn bounds() {
    check_note("[fields]\na = { type = \"int\", min = \"1\" }", &["bad_bound 2:27 \"1\""]);
    check_note("[fields]\na = { type = \"int\", min = 2, max = 1 }", &["bad_bound 2:27 2"]);
    check_note("[fields]\na = { type = \"decimal\", max = \"1.234\" }", &["bad_bound 2:31 \"1.234\""]);
    check_note("[fields]\na = { type = \"decimal\", min = -0.5, max = \"999.99\" }", &[]);
    check_note("[fields]\na = { type = \"date\", min = 2026-02-30 }", &["toml_syntax 2:28 2026-02-30"]);
    check_note("[fields]\na = { type = \"date\", min = 2026-11-21, max = \"2026-11-22\" }", &[]);
    check_note("[fields]\na = { type = \"string\", min_length = 256 }", &["bad_bound 2:37 256"]);
    check_note("[fields]\na = { type = \"string\", pattern = \"(\" }", &["bad_pattern 2:34 \"(\""]);
    check_note("[fields]\na = { type = \"string\", pattern = \"a)(b\" }", &["bad_pattern 2:34 \"a)(b\""]);
}

#[test]
fn defaults() {
    let check_default =
        |field: &str, expected: &[&str]| check_note(&format!("[fields]\na = {field}"), expected);
    check_default("{ type = \"int\", default = 1.5 }", &["bad_default 2:31 1.5"]);
    check_default("{ type = \"int\", default = 5, max = 4 }", &["bad_default 2:31 5"]);
    check_default(
        "{ type = \"string\", default = \"auth.id\", max_length = 3 }",
        &["bad_default 2:34 \"auth.id\""],
    );
    check_default("{ type = \"enum\", values = [\"x\"], default = \"y\" }", &["bad_default 2:48 \"y\""]);
    check_default(
        "{ type = \"list\", of = \"int\", default = [1, \"2\"] }",
        &["bad_default 2:44 [1, \"2\"]"],
    );
    check_default(
        "{ type = \"date\", min = 2026-11-21, default = \"2026-11-20\" }",
        &["bad_default 2:50 \"2026-11-20\""],
    );
    check_default("{ type = \"text\", default = { cel = 1 } }", &["bad_default 2:32 { cel = 1 }"]);
    let cel = "{ type = \"enum\", values = [\"x\"], default = { cel = \"'y'\" } }";
    check_default(cel, &["bad_default 2:56 \"'y'\""]);
    check_default("{ type = \"enum\", values = [\"x\"], default = { cel = \"'x'\" } }", &[]);
    check_default("{ type = \"bool\", default = \"yes\" }", &["expr_unknown_name 2:33 yes"]);
}

#[test]
fn defaults_are_dates_and_times_of_the_right_kind() {
    let check_default = |ty: &str, default: &str, sound: bool| {
        let column = 28 + ty.len();
        let fault = format!("bad_default 2:{column} {default}");
        let expected: &[&str] = if sound { &[] } else { &[&fault] };
        check_note(&format!("[fields]\na = {{ type = \"{ty}\", default = {default} }}"), expected);
    };
    let (date, time) = ("2026-11-21", "08:30:00");
    let (local, instant) = ("2026-11-21T08:30:00", "2026-11-21T08:30:00Z");
    for default in [date, time, local, instant] {
        check_default("date", default, default == date);
        check_default("time", default, default == time);
        check_default("timestamp", default, default == instant);
        check_default("duration", default, false);
        check_default("string", default, false);
        check_default("string", &format!("\"{default}\""), true);
    }
}

#[test]
fn defaults_are_finite() {
    let check_message = |field: &str, message: &str| {
        let text = format!("[fields]\na = {field}");
        let found = diagnostics(&[("mainstay.toml", ""), ("models/note.toml", &text)]);
        let messages: Vec<&str> = found.items.iter().map(|item| item.message.as_str()).collect();
        assert_eq!(messages, [message], "{field}");
    };
    let infinite = "the default of `a` must be finite: nan and inf are no values";
    check_message("{ type = \"float\", default = nan }", infinite);
    check_message("{ type = \"float\", optional = true, default = -inf }", infinite);
    check_message("{ type = \"json\", default = { x = [inf] } }", infinite);
    let overflow =
        "the default of `a` comes to nothing: arithmetic with null, or a result that does not fit 64 bits";
    check_message("{ type = \"int\", default = { cel = \"9223372036854775807 + 1\" } }", overflow);
    check_message(
        "{ type = \"int\", optional = true, default = { cel = \"9223372036854775807 + 1\" } }",
        overflow,
    );
    check_message(
        "{ type = \"int\", default = \"9223372036854775808\" }",
        "the integer does not fit 64 bits, signed",
    );
}

#[test]
fn names() {
    check_note("[fields]\nTitle = \"string\"", &["bad_name 2:1 Title"]);
    check_note("[fields]\n\"a b\" = \"string\"", &["bad_name 2:1 \"a b\""]);
    check_note("[fields]\nauth = \"string\"", &["reserved_name 2:1 auth"]);
    check_note("[fields]\nexpand = \"string\"", &["reserved_name 2:1 expand"]);
    check_note("[fields]\npassword = \"string\"", &[]);
    check_note("[fields]\nid = \"uuid\"", &["name_clash 2:1 id"]);
    check_note("plural = \"Notes\"", &["bad_name 1:10 \"Notes\""]);
    check_note("plural = \"batch\"", &["reserved_name 1:10 \"batch\""]);
    check_note("plural = \"users\"", &["name_clash 1:10 \"users\""]);
    check_note("was = \"user\"", &["bad_was 1:7 \"user\""]);
    check_note("[fields]\na = { type = \"int\", was = \"id\" }", &["bad_was 2:27 \"id\""]);
    check_note("[fields]\na = { type = \"int\", was = \"b\" }\nb = \"int\"", &["bad_was 2:27 \"b\""]);
    check_note(
        "[fields]\na = { type = \"int\", was = \"c\" }\nb = { type = \"int\", was = \"c\" }",
        &["bad_was 3:27 \"c\""],
    );
    let config = ("mainstay.toml", "");
    let renamed = "was = \"page\"";
    check(
        &[config, ("models/leaf.toml", renamed), ("models/sheet.toml", renamed)],
        &["bad_was models/sheet.toml:1:7 \"page\""],
    );
    check(&[config, ("models/Note.toml", "")], &["bad_name models/Note.toml:1:1 "]);
    check(&[config, ("models/_note.toml", "")], &["bad_name models/_note.toml:1:1 "]);
    check(&[config, ("models/_session.toml", "")], &["bad_name models/_session.toml:1:1 "]);
    let user = ("models/user.toml", "[fields]\npassword = \"string\"");
    check(&[config, user], &["reserved_name models/user.toml:2:1 password"]);
    check(&[config, ("models/request.toml", "")], &["reserved_name models/request.toml:1:1 "]);
    check(
        &[config, ("models/box.toml", ""), ("models/boxe.toml", "")],
        &["name_clash models/boxe.toml:1:1 "],
    );
}

#[test]
fn derived_plurals_are_named_as_such() {
    let check_plural = |models: &[(&str, &str)], message: &str| {
        let files = [&[("mainstay.toml", "")], models].concat();
        let found = diagnostics(&files);
        assert_eq!(found.items[0].message, message);
        assert_eq!(found.items[0].hint.as_deref(), Some("give the model another with plural = \"…\""));
    };
    check_plural(&[("models/doc.toml", "")], "`docs` is reserved; it is the plural derived from doc");
    check_plural(
        &[("models/box.toml", ""), ("models/boxe.toml", "")],
        "box and boxe share the plural `boxes`, which is derived",
    );
    let long = "a".repeat(40);
    check_plural(
        &[(&format!("models/{long}.toml"), "")],
        &format!("`{long}s` is not a name; it is the plural derived from {long}"),
    );
}

#[test]
fn a_model_declares_200_fields() {
    let model = |count: usize| {
        (0..count).fold("[fields]\n".to_owned(), |text, n| text + &format!("f{n} = \"int\"\n"))
    };
    check_note(&model(200), &[]);
    check_note(&model(201), &["too_many 202:1 f200"]);
}

#[test]
fn indexes() {
    let check_index = |index: &str, expected: &[&str]| {
        let fields =
            "[fields]\na = \"string\"\nb = { type = \"string\", unique = true }\nj = \"json\"\n[[indexes]]\n";
        check_note(&format!("{fields}{index}"), expected);
    };
    check_index("fields = [\"a\", \"created_at\"]", &[]);
    check_index("fields = [\"a\", \"z\"]", &["unknown_field 6:16 \"z\""]);
    check_index("fields = [\"j\"]", &["bad_index 6:11 \"j\""]);
    check_index("fields = [\"a\", \"a\"]", &["bad_index 6:16 \"a\""]);
    check_index("fields = []", &["bad_index 6:10 []"]);
    check_index("fields = [\"b\"]", &["duplicate_index 6:10 [\"b\"]"]);
    check_index("fields = [\"id\"]", &["duplicate_index 6:10 [\"id\"]"]);
    check_index("fields = [\"a\"]\n[[indexes]]\nfields = [\"a\"]", &["duplicate_index 8:10 [\"a\"]"]);
    check_index("unique = true", &["option_missing 5:1 [[indexes]]"]);
}

/// An index of SQLite holds any text; one of PostgreSQL has a bound, which a long text can pass.
#[test]
fn what_postgres_cannot_index() {
    let check_on = |engine: &str, model: &str, expected: &[&str]| {
        let settings = format!("[data]\nengine = \"{engine}\"\n");
        let files = [("mainstay.toml", settings.as_str()), ("models/note.toml", model)];
        check(&files, expected);
    };
    let text =
        |max: usize| format!("[fields]\nt = {{ type = \"text\", index = true, max_length = {max} }}\n");
    check_on("sqlite", &text(100_000), &[]);
    check_on("postgres", &text(665), &[]);
    check_on(
        "postgres",
        &text(666),
        &["key_too_long models/note.toml:2:5 { type = \"text\", index = true, max_length = 666 }"],
    );
    let several = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("\"f{number}\"")).collect();
        let fields: String = (0..count).map(|number| format!("f{number} = \"string\"\n")).collect();
        format!("[fields]\n{fields}[[indexes]]\nfields = [{}]\n", names.join(", "))
    };
    check_on("postgres", &several(2), &[]);
    check_on("postgres", &several(3), &["key_too_long models/note.toml:6:10 [\"f0\", \"f1\", \"f2\"]"]);
}

#[test]
fn retention() {
    for good in ["30d", "1s", "36500d", "2w"] {
        check_note(&format!("retention = \"{good}\""), &[]);
    }
    for bad in ["", "d", "30", "30 d", "-1d", "+1d", "0d", "1y", "36501d", "99999999999999999999d", "é"] {
        let fault = format!("bad_duration 1:13 \"{bad}\"");
        check_note(&format!("retention = \"{bad}\""), &[&fault]);
    }
    check_note("soft_delete = false\nretention = \"1d\"", &["unfit_option 2:1 retention"]);
}

#[test]
fn the_built_in_user_can_be_added_to_and_not_changed() {
    let check_user =
        |text, expected: &[&str]| check(&[("mainstay.toml", ""), ("models/user.toml", text)], expected);
    check_user("[fields]\nnick = \"string\"\n[allow]\nread = \"auth.id != null\"", &[]);
    check_user("[fields]\nemail = \"text\"", &["name_clash models/user.toml:2:1 email"]);
    check_user(
        "plural = \"people\"\nsoft_delete = false",
        &["built_in models/user.toml:1:1 plural", "built_in models/user.toml:2:1 soft_delete"],
    );
    check_user("[allow]\ncreate = \"'admin' in auth.roles\"", &["built_in models/user.toml:2:1 create"]);
}
