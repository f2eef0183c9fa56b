//! What is remembered of who asks must not outlive a write that ends it, however the write came about.

use crate::support::{App, PASSWORD, id, place, user_id};
use mainstay_engine::{Action, Caller, Code, Command, Engine, Input, Matching};
use mainstay_ports::Isolation;
use mainstay_testkit::Place;
use serde_json::{Value, json};
use uuid::Uuid;

const ADMIN: &str = "'admin' in auth.roles";

/// Accounts that go with their team, teams that go with their company, and accounts that go with who invited them.
fn company() -> App {
    let allow = format!(
        "[allow]\nread = \"true\"\ncreate = \"{ADMIN}\"\nupdate = \"{ADMIN}\"\ndelete = \"{ADMIN}\"\n"
    );
    let points_to = |model: &str| {
        format!("{{ type = \"ref\", model = \"{model}\", on_delete = \"cascade\", optional = true }}")
    };
    let company = format!("[fields]\nname = \"string\"\n{allow}");
    let team = format!("[fields]\ncompany = {}\n{allow}", points_to("company"));
    let user = format!("[fields]\nteam = {}\ninvited_by = {}\n", points_to("team"), points_to("user"));
    let note = format!("[fields]\nteam = {}\n{allow}", points_to("team"));
    App::of(&[
        ("models/company.toml", &company),
        ("models/team.toml", &team),
        ("models/user.toml", &user),
        ("models/note.toml", &note),
    ])
}

/// The access token of an account, remembered, and its id.
async fn remembered(app: &App, email: &str) -> (String, Uuid) {
    let account = app.account(email, &["editor"]).await;
    let token = app.login(email, PASSWORD).await.unwrap().access_token;
    app.with_token(&token).await.unwrap();
    (token, user_id(&account))
}

fn model(engine: &Engine, name: &str) -> mainstay_expr::ModelId {
    engine.application().model_named(name).unwrap().id
}

fn matching(filter: impl Into<String>) -> Matching {
    Matching { filter: filter.into(), limit: None }
}

struct Office {
    app: App,
    admin: Caller,
    token: String,
    user: Uuid,
    team: Uuid,
    company: Uuid,
}

/// Ann in a team of a company, with a token that is remembered.
async fn office() -> Office {
    let app = company();
    let admin = app.account("root@example.org", &["admin"]).await;
    let company = id(&app.create(&admin, "company", json!({"name": "Acme"})).await.unwrap());
    let team = id(&app.create(&admin, "team", json!({"company": company})).await.unwrap());
    let (token, user) = remembered(&app, "ann@example.org").await;
    app.update(&admin, "user", user, json!({"team": team, "invited_by": user_id(&admin)})).await.unwrap();
    let office = Office { app, admin, token, user, team, company };
    assert_eq!(office.who().await, Ok(vec!["editor".to_owned()]));
    office
}

impl Office {
    /// The roles by which Ann's token counts.
    async fn who(&self) -> Result<Vec<String>, Code> {
        let caller = self.app.with_token(&self.token).await.map_err(|error| error.code)?;
        Ok(caller.identity.unwrap().roles.clone())
    }

    async fn write(&self, actions: Vec<(&str, Action)>) {
        let command = |(name, action)| Command { model: model(&self.app.engine, name), action };
        let commands = actions.into_iter().map(command).collect();
        self.app.engine.write_all(&self.admin, "batch", commands, Isolation::default()).await.unwrap();
    }

    async fn delete_many(&self, name: &str, filter: String) -> u64 {
        let model = model(&self.app.engine, name);
        self.app.engine.delete_many(&self.admin, model, &matching(filter)).await.unwrap().0
    }

    async fn update_many(&self, filter: String, fields: Value) -> u64 {
        let user = self.app.engine.application().user();
        let input = Input::from_json(user, fields.as_object().unwrap()).unwrap();
        let engine = &self.app.engine;
        engine.update_many(&self.admin, user.id, &matching(filter), input, &[]).await.unwrap().0
    }
}

fn delete(id: Uuid) -> Action {
    Action::Delete { id, if_version: None }
}

#[tokio::test]
async fn an_account_that_goes_with_another_record_is_nobody_at_once() {
    for name in ["team", "company"] {
        let office = office().await;
        let id = if name == "team" { office.team } else { office.company };
        office.app.delete(&office.admin, name, id).await.unwrap();
        assert_eq!(office.who().await, Err(Code::InvalidToken), "{name}");
        // Behind the restoration the session is gone still, as it does not come back; a new one begins.
        office.write(vec![(name, Action::Restore { id, if_version: None })]).await;
        assert_eq!(office.who().await, Err(Code::InvalidToken), "{name} restored");
        let again = office.app.login("ann@example.org", PASSWORD).await.unwrap();
        assert!(office.app.with_token(&again.access_token).await.is_ok());
    }
}

#[tokio::test]
async fn an_account_that_goes_with_another_account_is_nobody_at_once() {
    let office = office().await;
    let admin = user_id(&office.admin);
    office.app.delete(&office.admin, "user", admin).await.unwrap();
    assert_eq!(office.who().await, Err(Code::InvalidToken));
}

#[tokio::test]
async fn a_batch_forgets_what_any_of_its_steps_ended() {
    let office = office().await;
    let note = id(&office.app.create(&office.admin, "note", json!({})).await.unwrap());
    office.write(vec![("note", delete(note)), ("team", delete(office.team))]).await;
    assert_eq!(office.who().await, Err(Code::InvalidToken));
}

#[tokio::test]
async fn deletions_by_filter_forget_those_they_deleted() {
    for name in ["user", "team", "company"] {
        let office = office().await;
        let id = match name {
            "user" => office.user,
            "team" => office.team,
            _ => office.company,
        };
        assert_eq!(office.delete_many(name, format!("id == '{id}'")).await, 1);
        assert_eq!(office.who().await, Err(Code::InvalidToken), "{name}");
    }
}

#[tokio::test]
async fn roles_that_are_taken_by_filter_count_no_more() {
    let office = office().await;
    assert_eq!(office.update_many("email == 'ann@example.org'".to_owned(), json!({"roles": []})).await, 1);
    assert_eq!(office.who().await, Ok(vec![]));
}

#[tokio::test]
async fn what_concerns_no_account_forgets_nobody() {
    if place() != Place::Memory {
        // Over a store that others share, nobody is remembered before the others are heard.
        return;
    }
    let office = office().await;
    let note = id(&office.app.create(&office.admin, "note", json!({"team": office.team})).await.unwrap());
    office.app.delete(&office.admin, "note", note).await.unwrap();
    assert_eq!(office.delete_many("team", format!("id == '{note}'")).await, 0);
    let checked = office.app.engine.measures().tokens_checked.get();
    assert!(office.who().await.is_ok());
    assert_eq!(office.app.engine.measures().tokens_checked.get(), checked);
}

#[tokio::test]
async fn a_key_goes_with_the_account_and_comes_back_with_it() {
    let office = office().await;
    let ann = office.app.with_token(&office.token).await.unwrap();
    let fields = json!({"name": "x", "scopes": ["*"]});
    let input = Input::from_json(office.app.engine.key_model(), fields.as_object().unwrap()).unwrap();
    let key = office.app.engine.create_key(&ann, input).await.unwrap().key;
    let who =
        async || office.app.with_token(&key).await.map(|caller| user_id(&caller)).map_err(|error| error.code);
    assert_eq!(who().await, Ok(office.user));
    office.app.delete(&office.admin, "company", office.company).await.unwrap();
    assert_eq!(who().await, Err(Code::InvalidToken));
    office.write(vec![("company", Action::Restore { id: office.company, if_version: None })]).await;
    assert_eq!(who().await, Ok(office.user));
}
