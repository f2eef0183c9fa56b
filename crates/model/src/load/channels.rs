//! The files of channels: their patterns, and the rules that speak of the variables in them.

use super::document::{Document, Quoted};
use super::draft::Drafts;
use super::faults::{Faults, Place};
use super::file::ChannelFile;
use super::rules::{Job, Target};
use super::suggest::nearest;
use super::{names, shape};
use crate::channel::is_word;
use crate::{Application, Channel, Pattern, Rule, Segment, SourceFile, Variable, VariableType};
use mainstay_expr::{FieldId, Member, ModelId, Predicate, Schema};
use std::path::Path;
use std::sync::Arc;

/// The most kinds of channels that a project may have.
const MAX_CHANNELS: usize = 200;
const DEFAULT_MAX_BYTES: usize = 16 << 10;

/// What a rule of a channel is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Subscribe,
    Publish,
    Present,
}

const VERBS: [(&str, Verb); 3] =
    [("subscribe", Verb::Subscribe), ("publish", Verb::Publish), ("present", Verb::Present)];

/// Reads the files in `channels/`. Their rules are compiled with those of the models.
pub(super) fn collect(
    files: &[SourceFile],
    drafts: &Drafts,
    faults: &mut Faults,
) -> (Vec<Channel>, Vec<Job>) {
    let (mut channels, mut jobs) = (Vec::new(), Vec::new());
    let in_channels = |(_, file): &(usize, &SourceFile)| file.path.parent() == Some(Path::new("channels"));
    for (index, file) in files.iter().enumerate().filter(in_channels) {
        let (document, sound) = Document::parse(Some(index), &file.text, faults);
        let written: ChannelFile = shape::read(&document, faults);
        let name = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let start = document.at(0..0);
        if channels.len() == MAX_CHANNELS {
            faults.error(
                "too_many",
                start,
                format!("a project has at most {MAX_CHANNELS} kinds of channels"),
            );
            break;
        }
        if !sound || !names::check_channel(&name, start, faults) {
            continue;
        }
        let Some(pattern) = Reader { document: &document, drafts, faults }.pattern(&written) else {
            continue;
        };
        if is_apart(&pattern, &channels, &document, faults) {
            let channel = declare(name, written, pattern);
            jobs.extend(rules(&document, channels.len()));
            channels.push(channel);
        }
    }
    (channels, jobs)
}

fn declare(name: String, written: ChannelFile, pattern: Pattern) -> Channel {
    let max_bytes = written.max_bytes.unwrap_or(DEFAULT_MAX_BYTES);
    Channel { name, doc: written.doc, pattern, max_bytes, subscribe: None, publish: None, present: None }
}

fn rules(document: &Document, channel: usize) -> impl Iterator<Item = Job> {
    VERBS.into_iter().filter_map(move |(name, verb)| {
        let source: Quoted = document.text(&["allow", name])?;
        Some(Job { model: ModelId(u16::MAX), target: Target::Channel(channel, verb), source })
    })
}

/// Sees that no name is of two patterns, so that one rule decides.
fn is_apart(pattern: &Pattern, others: &[Channel], document: &Document, faults: &mut Faults) -> bool {
    let Some(other) = others.iter().find(|other| other.pattern.overlaps(pattern)) else { return true };
    let message = format!("a channel of `{}` could also be one of `{}`", pattern.source, other.name);
    let fault = faults.error("channel_clash", document.place(&["pattern"]), message);
    fault.help("begin each pattern with a word of its own");
    false
}

struct Reader<'a> {
    document: &'a Document,
    drafts: &'a Drafts,
    faults: &'a mut Faults,
}

impl Reader<'_> {
    fn pattern(&mut self, written: &ChannelFile) -> Option<Pattern> {
        let Some(source) = &written.pattern else {
            if self.document.node(&["pattern"]).is_none() {
                let fault =
                    self.faults.error("option_missing", self.document.at(0..0), "a channel needs a pattern");
                fault.help("say what channels are called: pattern = \"room/{room}\"");
            }
            return None;
        };
        let place = self.document.place(&["pattern"]);
        let (mut segments, mut variables) = (Vec::new(), Vec::<Variable>::new());
        for (number, part) in source.split('/').enumerate() {
            match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                None if is_word(part) => segments.push(Segment::Literal(part.to_owned())),
                Some(name) if number > 0 => {
                    self.is_new(name, &variables, place.clone()).then_some(())?;
                    variables.push(Variable { name: name.to_owned(), ty: self.type_of(name)? });
                    segments.push(Segment::Variable);
                }
                _ => return self.malformed(source, place),
            }
        }
        self.unused(written, &variables);
        Some(Pattern { source: source.clone(), segments, variables })
    }

    fn malformed(&mut self, source: &str, place: Place) -> Option<Pattern> {
        let fault = self.faults.error("bad_pattern", place, format!("`{source}` is not a pattern"));
        fault.help("a pattern is words and variables with `/` between, the first a word: room/{room}/typing");
        None
    }

    fn is_new(&mut self, name: &str, variables: &[Variable], place: Place) -> bool {
        if variables.iter().any(|variable| variable.name == name) {
            self.faults.error("name_clash", place, format!("the pattern has two variables `{name}`"));
            return false;
        }
        names::check_member(name, place, self.faults)
    }

    /// What a variable can be: a text, unless `[variables]` says otherwise.
    fn type_of(&mut self, name: &str) -> Option<VariableType> {
        let Some(ty) = self.document.text(&["variables", name]) else { return Some(VariableType::Text) };
        match ty.text.as_str() {
            "string" => Some(VariableType::Text),
            "int" => Some(VariableType::Int),
            "uuid" => Some(VariableType::Uuid),
            model => match self.drafts.find(model).filter(|_| !model.starts_with('_')) {
                Some(model) => Some(VariableType::Ref(model)),
                None => self.unknown_type(model, ty.place.clone()),
            },
        }
    }

    fn unknown_type(&mut self, text: &str, place: Place) -> Option<VariableType> {
        if !self.faults.is_broken(text) {
            let known = self.drafts.iter().map(|(_, draft)| draft.name.as_str());
            let known = known.filter(|name| !name.starts_with('_')).chain(["string", "int", "uuid"]);
            let candidate = nearest(text, known).map(str::to_owned);
            let message = format!("`{text}` is neither string, int or uuid nor a model");
            self.faults.error("unknown_model", place, message).did_you_mean(candidate.as_deref());
        }
        None
    }

    fn unused(&mut self, written: &ChannelFile, variables: &[Variable]) {
        for name in written.variables.keys() {
            if !variables.iter().any(|variable| variable.name == *name) {
                let place = self.document.key_place(&["variables", name]);
                self.faults.error("unknown_key", place, format!("the pattern has no variable `{name}`"));
            }
        }
    }
}

/// Sets a rule of a channel.
pub(super) fn set_rule(channel: &mut Channel, verb: Verb, source: String, predicate: Arc<Predicate>) {
    let place = match verb {
        Verb::Subscribe => &mut channel.subscribe,
        Verb::Publish => &mut channel.publish,
        Verb::Present => &mut channel.present,
    };
    *place = Some(Rule { source, predicate });
}

/// The models, and beside them what looks like one more: the channel, whose fields are the variables of its pattern.
pub(super) struct WithVariables<'a> {
    pub(super) application: &'a Application,
    pub(super) channel: &'a Channel,
}

impl WithVariables<'_> {
    /// The channel's number among the models: the one behind the last.
    pub(super) fn id(&self) -> ModelId {
        ModelId(u16::try_from(self.application.models.len()).expect("there are at most a thousand"))
    }
}

impl Schema for WithVariables<'_> {
    fn member(&self, model: ModelId, name: &str) -> Option<Member> {
        if model != self.id() {
            return self.application.member(model, name);
        }
        let variables = &self.channel.pattern.variables;
        let index = variables.iter().position(|variable| variable.name == name)?;
        Some(Member::Field {
            id: FieldId(u16::try_from(index).ok()?),
            ty: variables[index].ty.expr_type(),
            variants: None,
            optional: false,
            secret: false,
            indexed: true,
        })
    }

    fn member_names(&self, model: ModelId) -> Vec<&str> {
        match model == self.id() {
            true => self.channel.pattern.variables.iter().map(|variable| variable.name.as_str()).collect(),
            false => self.application.member_names(model),
        }
    }

    fn model_name(&self, model: ModelId) -> &str {
        if model == self.id() { &self.channel.name } else { self.application.model_name(model) }
    }

    fn rule(&self, model: ModelId, name: &str) -> Option<&str> {
        if model == self.id() { None } else { self.application.rule(model, name) }
    }

    fn named_predicate(&self, model: ModelId, name: &str) -> Option<&str> {
        if model == self.id() { None } else { self.application.named_predicate(model, name) }
    }

    fn predicate_names(&self, model: ModelId) -> Vec<&str> {
        if model == self.id() { Vec::new() } else { self.application.predicate_names(model) }
    }

    fn read_guard(&self, model: ModelId) -> Option<Arc<Predicate>> {
        if model == self.id() { None } else { self.application.read_guard(model) }
    }

    fn field_guard(&self, model: ModelId, field: FieldId) -> Option<Arc<Predicate>> {
        if model == self.id() { None } else { self.application.field_guard(model, field) }
    }
}
