//! Finds the members of lists with filters. The result counts for one call.
//!
//! A list may name other lists, and these others again. Each is read once, and the result for a record and a
//! list is remembered while that record is checked. Each check of a filter against a value costs steps.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;
use keyway_core::error_body::ErrorBody;

use super::list_filters::{Branch, Filter, Join};
use super::lists;
use crate::kind::Kind;
use crate::lists::{Joined, List, Processing};
use crate::record::Record;
use crate::state::State;
use crate::work::{Exceeded, Work};

/// How many lists deep a list may name another; a record is on none that is deeper.
const DEPTH_MAX: usize = 5;

/// A list, how many lists it may still go through, and a record.
type Question = (u64, usize, Kind, u64);

/// Works out who is on lists, for one call.
pub struct Members<'s> {
    state: &'s State,
    work: &'s Work,
    /// The filters of lists that were read; none where they can't be.
    branches: RefCell<HashMap<u64, Option<Rc<Branch>>, RandomState>>,
    /// The answers found for the current record.
    known: RefCell<HashMap<Question, bool, RandomState>>,
    sizes: RefCell<HashMap<u64, usize, RandomState>>,
}

impl<'s> Members<'s> {
    /// Nobody is looked at yet.
    pub fn new(state: &'s State, work: &'s Work) -> Self {
        Self { state, work, branches: RefCell::default(), known: RefCell::default(), sizes: RefCell::default() }
    }

    /// Reads the filters that a list is to have.
    pub(crate) fn read(&self, id: u64, kind: Kind, filters: &serde_json::Value) -> Result<Rc<Branch>, ErrorBody> {
        let branch = Rc::new(Branch::parse(self.state, kind, filters, self.work)?);
        self.branches.borrow_mut().insert(id, Some(branch.clone()));
        Ok(branch)
    }

    /// Live records on a list, and when they came on it, by record id.
    ///
    /// # Errors
    /// Fewer steps are left than that takes.
    pub fn of(&self, list: &List) -> Result<Vec<(u64, Joined)>, Exceeded> {
        let Some(kind) = lists::kind(self.state, list) else { return Ok(Vec::new()) };
        if list.processing != Processing::Dynamic {
            let table = self.state.table(kind);
            let mut members = Vec::new();
            for (id, joined) in self.state.lists.members(list.id) {
                self.work.charge(1)?;
                members.extend(table.live(id).map(|_| (id, joined)));
            }
            return Ok(members);
        }
        let Some(branch) = self.branch(list, kind)? else { return Ok(Vec::new()) };
        // Since when is not kept: as early as both filters and values have been as they are.
        let since = |record: &Record| record.updated_at.max(list.filters_updated_at);
        let found = self.that_satisfy(&branch, kind)?;
        Ok(found.into_iter().map(|record| (record.id, Joined { first: since(record), last: since(record) })).collect())
    }

    /// How many live records are on a list.
    ///
    /// # Errors
    /// Fewer steps are left than that takes.
    pub fn size(&self, list: &List) -> Result<usize, Exceeded> {
        if let Some(size) = self.sizes.borrow().get(&list.id) {
            return Ok(*size);
        }
        let size = self.of(list)?.len();
        self.sizes.borrow_mut().insert(list.id, size);
        Ok(size)
    }

    /// The live records of a type that satisfy filters.
    pub(crate) fn that_satisfy(&self, branch: &Branch, kind: Kind) -> Result<Vec<&'s Record>, Exceeded> {
        let mut found = Vec::new();
        for record in self.state.table(kind).range(0, false) {
            self.work.charge(1)?;
            self.next_record();
            if self.holds(branch, kind, record, DEPTH_MAX)? {
                found.push(record);
            }
        }
        Ok(found)
    }

    /// Forgets the answers for the previous record.
    pub(crate) fn next_record(&self) {
        self.known.borrow_mut().clear();
    }

    /// Whether a record is on a list; not, where the list is of another type.
    pub(crate) fn has(&self, list: &List, of: Kind, record: &Record) -> Result<bool, Exceeded> {
        self.is_member(list, of, record, DEPTH_MAX)
    }

    fn is_member(&self, list: &List, of: Kind, record: &Record, depth: usize) -> Result<bool, Exceeded> {
        self.work.charge(1)?;
        if lists::kind(self.state, list) != Some(of) {
            return Ok(false);
        }
        if list.processing != Processing::Dynamic {
            return Ok(self.state.lists.members.contains_key(&(list.id, record.id)));
        }
        let question = (list.id, depth, of, record.id);
        if let Some(known) = self.known.borrow().get(&question) {
            return Ok(*known);
        }
        let holds = match self.branch(list, of)? {
            Some(branch) => self.holds(&branch, of, record, depth)?,
            None => false,
        };
        self.known.borrow_mut().insert(question, holds);
        Ok(holds)
    }

    /// The filters of a list; none where they can't be read any more.
    fn branch(&self, list: &List, kind: Kind) -> Result<Option<Rc<Branch>>, Exceeded> {
        if let Some(branch) = self.branches.borrow().get(&list.id) {
            return Ok(branch.clone());
        }
        let parsed = list.filters.as_ref().map(|filters| Branch::parse(self.state, kind, filters, self.work));
        if let (Some(Err(_)), Some(exceeded)) = (&parsed, self.work.exceeded()) {
            return Err(exceeded);
        }
        let branch = parsed.and_then(Result::ok).map(Rc::new);
        self.branches.borrow_mut().insert(list.id, branch.clone());
        Ok(branch)
    }

    fn holds(&self, branch: &Branch, kind: Kind, record: &Record, depth: usize) -> Result<bool, Exceeded> {
        match &branch.join {
            Join::Any => self.finds(branch, true, kind, record, depth),
            Join::All => Ok(!self.finds(branch, false, kind, record, depth)?),
            Join::NotAll => self.finds(branch, false, kind, record, depth),
            Join::NotAny => Ok(!self.finds(branch, true, kind, record, depth)?),
            Join::Associated(to, own) => {
                for (id, types) in self.state.links.of((kind, record.id), *to) {
                    self.work.charge(2)?;
                    let Some(other) = self.state.table(*to).live(id).filter(|_| own.is_none_or(|own| types.contains(&own))) else {
                        continue;
                    };
                    if !self.finds(branch, false, *to, other, depth)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    /// Whether some filter or branch of a branch holds, or does not, as wanted. The first ends it.
    fn finds(&self, branch: &Branch, wanted: bool, kind: Kind, record: &Record, depth: usize) -> Result<bool, Exceeded> {
        for filter in &branch.filters {
            let holds = match filter {
                Filter::Property(filter) => filter.holds(self.state, kind, record, self.work)?,
                Filter::InList { list, is_in } => self.in_list(*list, kind, record, depth)?.is_some_and(|on| on == *is_in),
            };
            if holds == wanted {
                return Ok(true);
            }
        }
        for branch in &branch.branches {
            if self.holds(branch, kind, record, depth)? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a record is on a list that another one names; none where lists go too deep.
    fn in_list(&self, list: u64, kind: Kind, record: &Record, depth: usize) -> Result<Option<bool>, Exceeded> {
        let Some(depth) = depth.checked_sub(1) else {
            self.work.charge(1)?;
            return Ok(None);
        };
        match self.state.lists.lists.get(&list).filter(|list| list.deleted_at.is_none()) {
            Some(list) => self.is_member(list, kind, record, depth).map(Some),
            None => {
                self.work.charge(1)?;
                Ok(Some(false))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use keyway_core::time::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::state::AccountSettings;
    use crate::tx::Tx;

    const NOW: Timestamp = Timestamp::from_ms(0);

    fn list(id: u64, filters: &[Value]) -> List {
        let filters = json!({ "filterBranchType": "AND", "filters": filters, "filterBranches": [] });
        List {
            id,
            name: id.to_string(),
            kind: Kind::of("contacts").unwrap().to_string(),
            processing: Processing::Dynamic,
            filters: Some(filters),
            folder: 0,
            version: 1,
            created_at: NOW,
            updated_at: NOW,
            filters_updated_at: NOW,
            deleted_at: None,
            app_id: 1,
            conversion: None,
            converted_at: None,
            edits: Vec::new(),
        }
    }

    fn property(name: &str, operation: Value) -> Value {
        json!({ "filterType": "PROPERTY", "property": name, "operation": operation })
    }

    /// An account with contacts that live in the same city, and these lists.
    fn account(contacts: u64, lists: Vec<List>) -> State {
        let (time_zone, currency, tier, name) = ("UTC".into(), "USD".into(), "free".into(), String::new());
        let mut state = State::new(1, AccountSettings { time_zone, currency, tier, created_at: NOW, name });
        let mut tx = Tx::new(&mut state);
        for id in 1..=contacts {
            let mut record = Record::new(id, NOW);
            record.set(&"city".into(), "Porto", NOW, 1);
            tx.put_record(Kind::of("contacts").unwrap(), record);
        }
        lists.into_iter().for_each(|list| tx.put_list(list));
        state
    }

    /// The number of members of the last list, if it can be found within `steps` steps.
    fn found(state: &State, steps: u64) -> Result<usize, Exceeded> {
        let work = Work::new(steps, Arc::default());
        Members::new(state, &work).size(state.lists.lists.values().last().unwrap())
    }

    #[test]
    fn lists_that_name_lists_take_steps_by_their_filters_and_not_by_the_power_of_their_depth() {
        const FILTERS: usize = 250;
        let known = property("city", json!({ "operator": "IS_KNOWN" }));
        let mut lists = vec![list(1, &[known])];
        for id in 2..=6 {
            lists.push(list(id, &vec![json!({ "filterType": "IN_LIST", "operator": "IN_LIST", "listId": id - 1 }); FILTERS]));
        }
        let state = account(10, lists);
        // Each filter is read once, and held against each record once; before, 250 to the power of five.
        let read = 20 * 6 * FILTERS as u64;
        assert_eq!(found(&state, read + 10 * 6 * 2 * FILTERS as u64), Ok(10));
        assert_eq!(found(&state, read), Err(Exceeded::Steps));
    }

    #[test]
    fn lists_that_name_each_other_come_to_an_end() {
        let names = |other: u64| vec![json!({ "filterType": "IN_LIST", "operator": "NOT_IN_LIST", "listId": other }); 100];
        let state = account(10, vec![list(1, &names(2)), list(2, &names(1))]);
        assert!(found(&state, 50_000).is_ok());
    }

    #[test]
    fn a_value_that_is_named_a_thousand_times_is_held_against_a_record_once() {
        for operator in ["CONTAINS", "STARTS_WITH", "ENDS_WITH", "IS_EQUAL_TO", "IS_ANY_OF", "HAS_EVER_BEEN_EQUAL_TO"] {
            let filter = property("city", json!({ "operator": operator, "values": vec!["y".repeat(50); 1_000] }));
            let filters = json!({ "filterBranchType": "OR", "filters": vec![filter; 50], "filterBranches": [] });
            let state = account(100, vec![List { filters: Some(filters), ..list(1, &[]) }]);
            // Reading 50,000 values takes 500,000 steps; 5,000 answers take a few each.
            assert_eq!(found(&state, 530_000), Ok(0), "{operator}");
        }
    }

    #[test]
    fn the_first_filter_that_decides_ends_the_look_at_a_record() {
        let is = |operator: &str| property("city", json!({ "operator": operator }));
        let filters = [vec![is("IS_UNKNOWN")], vec![is("IS_KNOWN"); 200]].concat();
        let state = account(100, vec![list(1, &filters)]);
        assert_eq!(found(&state, 20 * 202 + 300), Ok(0));
    }
}
