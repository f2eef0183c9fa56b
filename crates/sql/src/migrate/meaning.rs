//! What the values of a column mean beyond how they are stored, and what a change of that asks for.

use super::check::Check;
use super::table::ColumnChange;
use super::{ColumnType, Edit, Plan, PossibleLoss};
use crate::Dialect;
use crate::names::quote;
use mainstay_expr::{Type, Value};
use mainstay_model::{Application, FieldType};
use serde::{Deserialize, Serialize};

/// What the values of a column mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Nothing but themselves.
    Plain,
    /// Nobody may read them.
    Secret,
    /// They are these texts, or lists of them.
    Enum(Vec<String>),
    /// They are ids of records of this model.
    Ref(String),
}

impl Meaning {
    pub(super) fn of(app: &Application, ty: &FieldType) -> Meaning {
        match ty {
            FieldType::Secret => Meaning::Secret,
            FieldType::Enum(values) => Meaning::Enum(values.to_vec()),
            FieldType::Ref { model, .. } => Meaning::Ref(app.model(*model).name.clone()),
            FieldType::List(element) => Meaning::of(app, element),
            _ => Meaning::Plain,
        }
    }
}

impl ColumnChange<'_> {
    /// Plans what a change of meaning asks for, in a table whose old and new name are `table`. A meaning that is not known is taken for
    /// the one that the models give, and values that are dropped mean nothing.
    pub(super) fn follow_meaning(
        &self,
        table: (&str, &str),
        renames: &[(&str, &str)],
        dialect: &dyn Dialect,
        plan: &mut Plan,
    ) {
        let meanings = self.old.and_then(|old| old.meaning.as_ref()).zip(self.new.meaning.as_ref());
        let Some((old, new)) = meanings.filter(|_| self.conversion(dialect, "").is_some()) else { return };
        if *old == Meaning::Secret && *new != Meaning::Secret {
            let line = format!(
                "{}.{} was secret, and what is stored in it becomes readable",
                table.1, self.new.name
            );
            plan.exposures.push(line);
        }
        match (old, new) {
            (Meaning::Ref(old), Meaning::Ref(new)) if !renames.contains(&(old, new)) => {
                self.clear_refs(table, (old, new), plan);
            }
            (Meaning::Ref(_), Meaning::Ref(_)) => {}
            (_, Meaning::Ref(target)) => self.check_refs(table.1, target, plan),
            (_, Meaning::Enum(values)) => self.check_values(table.1, old, values, dialect, plan),
            _ => {}
        }
    }

    /// The ids of one model mean nothing in another.
    fn clear_refs(&self, table: (&str, &str), targets: (&str, &str), plan: &mut Plan) {
        let what = format!("{}.{}", table.1, self.new.name);
        let change = format!("pointed to {} and now points to {}", targets.0, targets.1);
        if !self.new.nullable {
            plan.faults.push(format!(
                "{what} is required, {change}: make it optional until its records point to the other model, or give the field another name"
            ));
            return;
        }
        let old = self.old.map_or(&self.new.name, |old| &old.name);
        let count = format!("SELECT count(*) FROM {} WHERE {} IS NOT NULL", quote(table.0), quote(old));
        plan.possible_losses
            .push(PossibleLoss { count, description: format!("clears {what}, which {change}") });
        let column = quote(&self.new.name);
        let sql = format!("UPDATE {} SET {column} = NULL WHERE {column} IS NOT NULL", quote(table.1));
        let edit = Edit::PutColumn { table: table.1.to_owned(), column: self.new.clone() };
        plan.step(format!("clears {what}, which {change}"), sql).edits(edit);
    }

    /// What was just an id has to be one of a record that is there.
    fn check_refs(&self, table: &str, target: &str, plan: &mut Plan) {
        let (column, place) = (quote(&self.new.name), quote(target));
        let condition =
            format!("{column} IS NOT NULL AND {column} NOT IN (SELECT t.\"id\" FROM {place} AS t)");
        let description = format!("checks that each {table}.{} is an id of {target}", self.new.name);
        Check { table, columns: &[], condition }.plan(description, plan);
    }

    /// No record may keep a value that is none any more.
    fn check_values(
        &self,
        table: &str,
        old: &Meaning,
        values: &[String],
        dialect: &dyn Dialect,
        plan: &mut Plan,
    ) {
        let field = format!("{table}.{}", self.new.name);
        let description = match old {
            Meaning::Enum(old) => {
                let gone: Vec<&str> =
                    old.iter().filter(|value| !values.contains(value)).map(String::as_str).collect();
                if gone.is_empty() {
                    return;
                }
                format!("checks that no {field} is {}, which the models no longer have", gone.join(" or "))
            }
            _ => format!("checks that each {field} is {}", values.join(" or ")),
        };
        let texts: Vec<String> =
            values.iter().map(|value| dialect.literal(&Value::Text(value.clone()))).collect();
        let is_other = |value: &str| format!("{value} NOT IN ({})", texts.join(", "));
        let column = quote(&self.new.name);
        let condition = match self.new.ty {
            ColumnType::List(_) => {
                let elements = dialect.elements(&column, &Type::Text);
                format!("EXISTS (SELECT 1 FROM ({elements}) AS e WHERE {})", is_other("e.value"))
            }
            _ => is_other(&column),
        };
        let columns: &[_] = if *old == Meaning::Secret { &[] } else { &[self.new] };
        Check { table, columns, condition }.plan(description, plan);
    }
}
