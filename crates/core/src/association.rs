//! The association types that HubSpot defines, as rows of `data/association_types.tsv`. An id connects one object type to
//! another. Labels that an account creates are not in the table.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::object_type::{self, ObjectType};

/// An association type that every account has.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// The object type at the first end.
    pub from: &'static ObjectType,
    /// The object type at the second end.
    pub to: &'static ObjectType,
    /// HubSpot's id.
    pub id: u32,
    /// Its label; none for the unlabelled type.
    pub label: Option<&'static str>,
}

/// All association types, in the order of the table.
pub fn published() -> &'static [Published] {
    &TABLE.0
}

/// The association type with an id of the category `HUBSPOT_DEFINED`.
pub fn by_id(id: u32) -> Option<&'static Published> {
    TABLE.1.get(&id).and_then(|at| TABLE.0.get(*at))
}

/// The association type of an id whose category is HubSpot's own. Each account has its own numbers for its labels.
pub(crate) fn resolved(id: Option<u64>, is_own: bool) -> Option<&'static Published> {
    id.filter(|_| is_own).and_then(|id| by_id(u32::try_from(id).ok()?))
}

type Table = (Vec<Published>, HashMap<u32, usize, foldhash::fast::FixedState>);

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rows: Vec<Published> = include_str!("../../../data/association_types.tsv")
        .lines()
        .skip(1)
        .map(|line| row(line).expect("a row of association_types.tsv has two types, an id and a label"))
        .collect();
    let by_id = rows.iter().enumerate().map(|(at, row)| (row.id, at)).collect();
    (rows, by_id)
});

fn row(line: &'static str) -> Option<Published> {
    let mut cells = line.split('\t');
    let (from, to) = (object_type::row_of(cells.next()?)?, object_type::row_of(cells.next()?)?);
    Some(Published { from, to, id: cells.next()?.parse().ok()?, label: cells.next().filter(|label| *label != "-") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_from_one_type_to_one_other() {
        let ends = |id| by_id(id).map(|row| (row.from.name, row.to.name));
        assert_eq!(ends(4), Some(("contacts", "deals")));
        assert_eq!(ends(3), Some(("deals", "contacts")));
        assert_eq!(ends(202), Some(("notes", "contacts")));
        assert_eq!(ends(9_999_999), None);
        assert_eq!(TABLE.1.len(), published().len(), "no id is in the table twice");
    }
}
