//! Single requests, for what has to be there before anything is measured.

use crate::http::{Connection, request};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The password of every account here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A connection on which one thing is asked after the other.
pub(crate) struct Client(Connection);

impl Client {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, String> {
        Connection::open(address).await.map(Client)
    }

    /// Reads something.
    pub(crate) async fn get(&mut self, target: &str, token: &str) -> Result<Value, String> {
        self.call(target, request("GET", target, Some(token), None), 200).await
    }

    /// How many bytes the answer to a read has.
    pub(crate) async fn size(&mut self, target: &str, token: &str) -> Result<usize, String> {
        self.get(target, token).await?;
        let answer = self.0.exchange(&request("GET", target, Some(token), None)).await?;
        Ok(answer.body.len())
    }

    /// Makes a record.
    pub(crate) async fn create(
        &mut self,
        target: &str,
        token: &str,
        record: &Value,
    ) -> Result<Value, String> {
        self.call(target, request("POST", target, Some(token), Some(&record.to_string())), 201).await
    }

    /// Makes an account, and answers its id.
    pub(crate) async fn register(&mut self, email: &str) -> Result<String, String> {
        let target = "/v1/auth/register";
        let account =
            self.call(target, request("POST", target, None, Some(&credentials(email))), 201).await?;
        text(&account, "id")
    }

    /// Logs in, and answers the access token.
    pub(crate) async fn log_in(&mut self, email: &str) -> Result<String, String> {
        let target = "/v1/auth/login";
        let tokens = self.call(target, request("POST", target, None, Some(&credentials(email))), 200).await?;
        text(&tokens, "access_token")
    }

    /// Sends a request, whose answer must have this status.
    pub(crate) async fn call(
        &mut self,
        target: &str,
        request: Vec<u8>,
        status: u16,
    ) -> Result<Value, String> {
        let answer = self.0.exchange(&request).await?;
        if answer.status != status {
            let body = String::from_utf8_lossy(answer.body);
            return Err(format!("{target} answers {} and not {status}: {body}", answer.status));
        }
        serde_json::from_slice(answer.body).map_err(|error| format!("{target}: {error}"))
    }
}

/// The body of a login, or of a registration.
pub(crate) fn credentials(email: &str) -> String {
    json!({"email": email, "password": PASSWORD}).to_string()
}

/// A text in an answer.
pub(crate) fn text(answer: &Value, key: &str) -> Result<String, String> {
    answer[key].as_str().map(str::to_owned).ok_or_else(|| format!("an answer has no `{key}`: {answer}"))
}
