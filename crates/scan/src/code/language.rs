//! The languages that Keyway rewrites, and how each reads an environment variable.

use std::fmt;

use tree_sitter::Language as Grammar;

/// A language, by the grammar that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// JavaScript, and TypeScript with JSX.
    JavaScript,
    /// TypeScript without JSX: JSX has no `<T>x`.
    TypeScript,
    /// Python.
    Python,
    /// PHP.
    Php,
    /// Ruby.
    Ruby,
    /// Java.
    Java,
    /// Go.
    Go,
    /// C#.
    CSharp,
    /// POSIX shell and bash.
    Shell,
    /// YAML.
    Yaml,
    /// JSON: settings, Postman collections, n8n exports.
    Json,
    /// `.env` files.
    Env,
}

impl Language {
    /// The language of a file, by its name; for a script without an extension by its first line.
    pub fn of(path: &str, text: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if name == ".env" || name.starts_with(".env.") || ending == "env" {
            return Some(Self::Env);
        }
        Some(match ending {
            "js" | "mjs" | "cjs" | "jsx" | "tsx" => Self::JavaScript,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "py" => Self::Python,
            "php" => Self::Php,
            "rb" | "rake" => Self::Ruby,
            "java" => Self::Java,
            "go" => Self::Go,
            "cs" => Self::CSharp,
            "sh" | "bash" => Self::Shell,
            "yml" | "yaml" => Self::Yaml,
            "json" => Self::Json,
            _ => return Self::of_first_line(text),
        })
    }

    fn of_first_line(text: &str) -> Option<Self> {
        let line = text.lines().next().filter(|line| line.starts_with("#!"))?;
        let program = line.rsplit('/').next()?;
        let program = program.strip_prefix("env ").unwrap_or(program).trim();
        Some(match program.split([' ', '3']).next()? {
            "sh" | "bash" | "dash" => Self::Shell,
            "python" => Self::Python,
            "ruby" => Self::Ruby,
            "php" => Self::Php,
            "node" => Self::JavaScript,
            _ => return None,
        })
    }

    /// The grammar. `.env` has none: Keyway reads it line by line.
    pub(crate) fn grammar(self) -> Option<Grammar> {
        Some(match self {
            Self::JavaScript => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::Php => tree_sitter_php::LANGUAGE_PHP.into(),
            Self::Ruby => tree_sitter_ruby::LANGUAGE.into(),
            Self::Java => tree_sitter_java::LANGUAGE.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::CSharp => tree_sitter_c_sharp::LANGUAGE.into(),
            Self::Shell => tree_sitter_bash::LANGUAGE.into(),
            Self::Yaml => tree_sitter_yaml::LANGUAGE.into(),
            Self::Json => tree_sitter_json::LANGUAGE.into(),
            Self::Env => return None,
        })
    }

    /// Whether a node of this kind is a string, or is used as one.
    pub(crate) fn is_string(self, kind: &str) -> bool {
        match self {
            Self::JavaScript | Self::TypeScript => matches!(kind, "string" | "template_string"),
            Self::Python | Self::Ruby => kind == "string",
            Self::Php => matches!(kind, "string" | "encapsed_string"),
            Self::Java => kind == "string_literal",
            Self::Go => matches!(kind, "interpreted_string_literal" | "raw_string_literal"),
            Self::CSharp => {
                matches!(kind, "string_literal" | "verbatim_string_literal" | "raw_string_literal" | "interpolated_string_expression")
            }
            Self::Shell => matches!(kind, "string" | "raw_string" | "word"),
            Self::Yaml => matches!(kind, "plain_scalar" | "double_quote_scalar" | "single_quote_scalar" | "block_scalar"),
            Self::Json => kind == "string",
            Self::Env => false,
        }
    }

    /// An expression that reads a required variable. None where the file can't read one.
    pub(crate) fn reads(self, name: &str) -> Option<String> {
        Some(match self {
            Self::JavaScript | Self::TypeScript => format!("process.env.{name}"),
            Self::Python => format!("os.environ[\"{name}\"]"),
            Self::Php => format!("getenv('{name}')"),
            Self::Ruby => format!("ENV.fetch('{name}')"),
            Self::Java => format!("System.getenv(\"{name}\")"),
            Self::Go => format!("os.Getenv(\"{name}\")"),
            Self::CSharp => format!("System.Environment.GetEnvironmentVariable(\"{name}\")"),
            Self::Shell => format!("\"${name}\""),
            Self::Yaml | Self::Json | Self::Env => return None,
        })
    }

    /// An expression that reads an optional variable.
    pub(crate) fn may_read(self, name: &str) -> Option<String> {
        match self {
            Self::Python => Some(format!("os.environ.get(\"{name}\", \"\")")),
            Self::Ruby => Some(format!("ENV.fetch('{name}', '')")),
            Self::Shell => Some(format!("\"${{{name}:-}}\"")),
            _ => self.reads(name),
        }
    }

    /// An expression for `Bearer`, a space and the token.
    pub(crate) fn bearer(self, name: &str) -> Option<String> {
        Some(match self {
            Self::JavaScript | Self::TypeScript => format!("`Bearer ${{process.env.{name}}}`"),
            Self::Python => format!("\"Bearer \" + os.environ[\"{name}\"]"),
            Self::Php => format!("'Bearer ' . getenv('{name}')"),
            Self::Ruby => format!("\"Bearer #{{ENV.fetch('{name}')}}\""),
            Self::Java => format!("\"Bearer \" + System.getenv(\"{name}\")"),
            Self::Go => format!("\"Bearer \"+os.Getenv(\"{name}\")"),
            Self::CSharp => format!("\"Bearer \" + System.Environment.GetEnvironmentVariable(\"{name}\")"),
            Self::Shell => format!("\"Bearer ${name}\""),
            Self::Yaml | Self::Json | Self::Env => return None,
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Python => "Python",
            Self::Php => "PHP",
            Self::Ruby => "Ruby",
            Self::Java => "Java",
            Self::Go => "Go",
            Self::CSharp => "C#",
            Self::Shell => "shell",
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Env => ".env",
        })
    }
}
