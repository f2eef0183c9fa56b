//! Events as watchers of an older version know them.

use super::ask::Selected;
use super::raise::view;
use mainstay_engine::{Event, Format, View};
use mainstay_model::{Application, Face};
use std::sync::Arc;

/// A format in which the records are those of an older version.
struct Raised {
    face: Arc<Face>,
    selected: Selected,
    /// Watchers share frames within a format, so that it has to tell the version and the fields.
    name: String,
    inner: Arc<dyn Format>,
}

/// The format with the records of a version, and of them these fields.
pub(crate) fn raised(
    number: u32,
    face: &Arc<Face>,
    selected: Selected,
    inner: Arc<dyn Format>,
) -> Arc<dyn Format> {
    let fields = selected.iter().flat_map(|fields| fields.iter().map(|field| field.0.to_string()));
    let name = format!("{} v{number} {}", inner.name(), fields.collect::<Vec<_>>().join(","));
    Arc::new(Raised { face: face.clone(), selected, name, inner })
}

impl Raised {
    fn view(&self, record: &View) -> View {
        view(&self.face, &self.selected, record)
    }
}

impl Format for Raised {
    fn name(&self) -> &str {
        &self.name
    }

    fn encode(&self, _: &Application, event: &Event<'_>, out: &mut Vec<u8>) {
        let mut encode = |event: &Event<'_>| self.inner.encode(&self.face.application, event, out);
        match event {
            Event::Snapshot { view } => encode(&Event::Snapshot { view: &self.view(view) }),
            Event::Enter { id, operation, view } => {
                encode(&Event::Enter { id, operation: *operation, view: &self.view(view) });
            }
            Event::Change { id, operation, view } => {
                encode(&Event::Change { id, operation: *operation, view: &self.view(view) });
            }
            Event::Ready { .. } | Event::Leave { .. } | Event::Mark { .. } | Event::End(_) => encode(event),
        }
    }
}
