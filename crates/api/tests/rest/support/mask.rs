//! Makes answers comparable: what differs from run to run gets a name.

/// Replaces ids by `#1`, `#2`, … in the order in which they are first seen, and positions and tokens by what they are.
#[derive(Default)]
pub(crate) struct Mask {
    ids: Vec<String>,
}

/// Keys whose values differ from run to run.
const OPAQUE: &[&str] = &["position", "next", "request_id", "access_token", "refresh_token"];

impl Mask {
    /// The text with masks in it.
    pub(crate) fn apply(&mut self, text: &str) -> String {
        let parts: Vec<&str> = text.split('"').collect();
        let mut masked = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            let opaque = index >= 2 && parts[index - 1] == ":" && OPAQUE.contains(&parts[index - 2]);
            masked.push(match (opaque, is_id(part)) {
                (true, _) => format!("<{}>", parts[index - 2]),
                (false, true) => self.name(part),
                (false, false) => (*part).to_owned(),
            });
        }
        masked.join("\"")
    }

    fn name(&mut self, id: &str) -> String {
        let place = self.ids.iter().position(|known| known == id).unwrap_or_else(|| {
            self.ids.push(id.to_owned());
            self.ids.len() - 1
        });
        format!("#{}", place + 1)
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
