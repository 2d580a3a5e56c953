//! A query put together from pieces, for either database: both take `$1`, `$2`…

use sqlx::any::{Any, AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Executor};

/// A value of a query.
enum Value {
    Number(i64),
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A query and the values of its parameters.
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Adds text, which must not come from outside.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub fn bind(&mut self, value: impl Into<ValueOf>) -> &mut Self {
        self.values.push(value.into().0);
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }

    /// Runs it.
    pub async fn fetch_all<'c, E: Executor<'c, Database = Any>>(self, executor: E) -> Result<Vec<AnyRow>, sqlx::Error> {
        // The text is made of constants and numbers; every value from outside is bound.
        let query: Query<'_, Any, AnyArguments> = sqlx::query(AssertSqlSafe(self.text));
        let bound = self.values.into_iter().fold(query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
        });
        bound.fetch_all(executor).await
    }
}

/// What can be bound.
pub(super) struct ValueOf(Value);

impl<T: Into<Value>> From<T> for ValueOf {
    fn from(value: T) -> Self {
        Self(value.into())
    }
}
