//! Where a program of JavaScript runs: not everywhere is there a `process.env`.

use super::Language;

/// Where a file runs, as far as reading the environment goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// On a machine with an environment.
    #[default]
    Server,
    /// On Deno.
    Deno,
    /// Where there is no environment; the text says which place that is.
    None(&'static str),
}

/// The words of a folder's `package.json` and the like that say where its code runs.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// Its `package.json`.
    pub package: String,
    /// Whether there is a `deno.json`.
    pub deno: bool,
    /// Whether there is a `wrangler.toml`.
    pub worker: bool,
}

const BROWSER: Platform = Platform::None("this code runs in a browser");
const WORKER: Platform = Platform::None("this code runs as a worker");

impl Platform {
    /// By what a file says, and by its folder.
    pub(super) fn of(language: Language, path: &str, text: &str, folder: &Folder) -> Self {
        if !matches!(language, Language::JavaScript | Language::TypeScript) {
            return Self::Server;
        }
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&[
            "Deno.",
            "\"https://deno.land/",
            "'https://deno.land/",
            "\"jsr:",
            "'jsr:",
            "\"npm:",
            "'npm:",
            "\"https://esm.sh/",
            "'https://esm.sh/",
        ]) {
            return Self::Deno;
        }
        if has(&["UrlFetchApp", "PropertiesService", "SpreadsheetApp"]) {
            return Self::None("this is Google Apps Script");
        }
        if has(&[
            "addEventListener('fetch'",
            "addEventListener(\"fetch\"",
            "ExecutionContext",
            "ExportedHandler",
            "export const runtime = 'edge'",
            "export const runtime = \"edge\"",
            "EdgeRuntime",
            "KVNamespace",
            "D1Database",
        ]) || text.contains("export default {")
            && has(&[
                "async fetch(request",
                "async fetch(req",
                "fetch(request, env",
                "async scheduled(",
                "fetch(request:",
                "fetch: async (req",
            ])
        {
            return WORKER;
        }
        let server = has(&[
            "require('http",
            "require(\"http",
            "require('fs",
            "require(\"fs",
            "from 'fs",
            "from \"fs",
            "'node:",
            "\"node:",
            "from 'express",
            "from \"express",
            "require('express",
            "require(\"express",
            "process.argv",
            "process.exit",
            "__dirname",
            "'use server'",
            "\"use server\"",
            "Buffer.from",
            "#!/usr/bin/env node",
            "from 'fastify",
            "from \"fastify",
            "@aws-sdk/",
            "aws-lambda",
            "from 'dotenv",
            "require('dotenv",
            "require(\"dotenv",
            "import 'dotenv",
            "import \"dotenv",
        ]);
        if has(&["import.meta.env"]) {
            return BROWSER;
        }
        let own = text.match_indices("process.env.").map(|(at, _)| &text[at + "process.env.".len()..]);
        let built_in = ["REACT_APP_", "NEXT_PUBLIC_", "VITE_", "VUE_APP_", "GATSBY_", "NG_APP_", "EXPO_PUBLIC_", "NODE_ENV", "PUBLIC_"];
        let (inlined, read): (Vec<&str>, Vec<&str>) = own.partition(|rest| built_in.iter().any(|prefix| rest.starts_with(prefix)));
        if server || !read.is_empty() {
            return Self::Server;
        }
        let page = has(&[
            "'use client'",
            "\"use client\"",
            "document.",
            "window.",
            "localStorage",
            "sessionStorage",
            "addEventListener(",
            "useState(",
            "useEffect(",
            "ReactDOM",
            "chrome.runtime",
            "browser.runtime",
            "customElements",
            "importScripts(",
            "defineComponent(",
            "$.ajax",
            "jQuery",
            "new XMLHttpRequest",
            "@angular/core",
            "@hubspot/ui-extensions",
            "react-native",
            "createApp(",
        ]);
        let inlined = inlined.iter().any(|rest| !rest.starts_with("NODE_ENV"));
        if page || inlined || path.contains("/public/") || path.starts_with("public/") || path.ends_with(".user.js") {
            return BROWSER;
        }
        let in_package = |words: &[&str]| words.iter().any(|word| folder.package.contains(&format!("\"{word}\"")));
        let runs_here = in_package(&[
            "express",
            "fastify",
            "koa",
            "@nestjs/core",
            "@hapi/hapi",
            "hono",
            "next",
            "nuxt",
            "aws-lambda",
            "@sveltejs/kit",
            "@remix-run/node",
            "astro",
        ]);
        if folder.worker {
            return WORKER;
        }
        let apart = ["server/", "api/", "scripts/", "functions/", "backend/", "vite.config", "webpack.config"];
        let bundled = in_package(&[
            "vite",
            "react-scripts",
            "@vue/cli-service",
            "@angular/core",
            "parcel",
            "svelte",
            "preact",
            "react-native",
            "expo",
        ]);
        if bundled && !runs_here && !apart.iter().any(|word| path.starts_with(word) || path.contains(&format!("/{word}"))) {
            return BROWSER;
        }
        if folder.deno && folder.package.is_empty() { Self::Deno } else { Self::Server }
    }
}
