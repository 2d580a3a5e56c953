//! Where a program runs. Not every place has an environment to read a token from.

use super::Language;
use super::folder::Folder;

/// Where a file runs, and so whether it can read environment variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// On a machine with an environment.
    #[default]
    Server,
    /// Nothing shows where it runs. Most programs run on a machine.
    Unsaid,
    /// On Deno.
    Deno,
    /// Where there is no environment. The text names the place.
    None(&'static str),
}

pub(crate) const BROWSER: Platform = Platform::None("this code runs in a browser");
const MAYBE: Platform = Platform::None("this code may run in a browser");
const WORKER: Platform = Platform::None("this code runs as a worker");
const APPS_SCRIPT: Platform = Platform::None("this is Google Apps Script");

impl Platform {
    /// The platform of a file, by its text, its folders and its project. The path is relative to the top folder.
    pub(crate) fn of(path: &str, text: &str, folder: &Folder) -> Self {
        match Language::of(path, text) {
            Some(Language::JavaScript | Language::TypeScript) => {}
            Some(Language::Java) if folder.is_set_up(&["android"]) || text.contains("import android") => {
                return Self::None("this is an Android app");
            }
            Some(Language::CSharp) if has(text, &["Microsoft.AspNetCore.Components", "Microsoft.Maui", "Xamarin."]) => {
                return Self::None("this code may run in a browser or on a phone");
            }
            None if path.ends_with(".vue") || path.ends_with(".svelte") || path.ends_with(".html") || path.ends_with(".htm") => {
                return BROWSER;
            }
            _ => return Self::Server,
        }
        own(text).or_else(|| by_folder(path, folder)).or_else(|| by_project(path, text, folder)).unwrap_or(Self::Unsaid)
    }

    /// Replaces an unknown platform with the default: a machine.
    pub(crate) fn settled(&self) -> Self {
        if *self == Self::Unsaid { Self::Server } else { self.clone() }
    }

    /// Whether the platform is, or may be, a browser.
    pub(crate) fn is_browser(&self) -> bool {
        *self == BROWSER || *self == MAYBE
    }
}

fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// The platform that the file's own text shows.
fn own(text: &str) -> Option<Platform> {
    let deno = [
        "Deno.",
        "\"https://deno.land/",
        "'https://deno.land/",
        "\"jsr:",
        "'jsr:",
        "\"npm:",
        "'npm:",
        "\"https://esm.sh/",
        "'https://esm.sh/",
    ];
    if has(text, &deno) {
        return Some(Platform::Deno);
    }
    if has(text, &["UrlFetchApp", "PropertiesService", "SpreadsheetApp"]) {
        return Some(APPS_SCRIPT);
    }
    let worker = [
        "addEventListener('fetch'",
        "addEventListener(\"fetch\"",
        "ExecutionContext",
        "ExportedHandler",
        "export const runtime = 'edge'",
        "export const runtime = \"edge\"",
        "EdgeRuntime",
        "KVNamespace",
        "D1Database",
    ];
    let handler =
        ["async fetch(request", "async fetch(req", "fetch(request, env", "async scheduled(", "fetch(request:", "fetch: async (req"];
    if has(text, &worker) || text.contains("export default {") && has(text, &handler) {
        return Some(WORKER);
    }
    if has(text, &["'use client'", "\"use client\"", "import.meta.env"]) {
        return Some(BROWSER);
    }
    let own = text.match_indices("process.env.").map(|(at, _)| &text[at + "process.env.".len()..]);
    let built_in = ["REACT_APP_", "NEXT_PUBLIC_", "VITE_", "VUE_APP_", "GATSBY_", "NG_APP_", "EXPO_PUBLIC_", "NODE_ENV", "PUBLIC_"];
    let (inlined, read): (Vec<&str>, Vec<&str>) = own.partition(|rest| built_in.iter().any(|prefix| rest.starts_with(prefix)));
    let server = [
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
        "from 'next/server'",
        "from \"next/server\"",
        "from '@nestjs/",
        "from \"@nestjs/",
        "import 'server-only'",
        "import \"server-only\"",
        "from 'n8n-workflow'",
        "from \"n8n-workflow\"",
    ];
    if has(text, &server) || !read.is_empty() {
        return Some(Platform::Server);
    }
    let page = [
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
    ];
    let inlined = inlined.iter().any(|rest| !rest.starts_with("NODE_ENV"));
    (inlined || has(text, &page)).then_some(BROWSER)
}

/// The platform that the file's folders show.
fn by_folder(path: &str, folder: &Folder) -> Option<Platform> {
    let path = format!("/{path}");
    if has(&path, &["/supabase/functions/", "/netlify/edge-functions/"]) {
        return Some(Platform::Deno);
    }
    if path.ends_with(".user.js") || has(&path, &["/public/", "/static/", "/wwwroot/", "/www/", "/assets/js/", "/content-scripts/"]) {
        return Some(BROWSER);
    }
    // Only in the project itself: in a page's code, `src/api/` holds calls to a server.
    let name = path.rsplit('/').next().unwrap_or_default();
    let tool = name.contains(".config.") || name.contains(".server.") || name.starts_with("gatsby-");
    let server =
        ["/pages/api/", "/app/api/", "/server/", "/scripts/", "/backend/", "/lambda/", "/lambdas/", "/bin/", "/netlify/functions/"];
    let of_root = |name: &str| {
        let inner = path.rfind(name).map(|at| &path[..at]).unwrap_or(&path);
        !inner.contains("/src")
    };
    let root = ["/api/", "/functions/"].iter().any(|name| path.contains(name) && of_root(name));
    if tool
        || has(&path, &server)
        || root && !folder.is_set_up(&["worker"])
        || name == "route.ts"
        || name == "route.js"
        || name.starts_with("+server")
    {
        return Some(Platform::Server);
    }
    if has(&path, &["/frontend/", "/client/src/", "/web/src/", "/components/"]) {
        return Some(MAYBE);
    }
    None
}

/// The platform that the file's project shows.
fn by_project(path: &str, text: &str, folder: &Folder) -> Option<Platform> {
    if folder.is_set_up(&["apps-script"]) {
        return Some(APPS_SCRIPT);
    }
    if folder.is_set_up(&["extension"]) {
        return Some(BROWSER);
    }
    if folder.is_set_up(&["worker"]) {
        return Some(WORKER);
    }
    if folder.package.is_empty() {
        return match () {
            () if folder.is_set_up(&["deno"]) => Some(Platform::Deno),
            () if folder.is_set_up(&["page"]) => Some(BROWSER),
            () => None,
        };
    }
    let path = format!("/{path}");
    let view = path.ends_with(".tsx") || path.ends_with(".jsx");
    let set_up = |what: &str, package: &str| folder.settings.contains(what) || folder.has(package);
    if set_up("next", "next") {
        let page = path.contains("/pages/") || path.contains("/hooks/");
        return (page || view && !path.contains("/app/")).then_some(MAYBE);
    }
    if set_up("nuxt", "nuxt") {
        return Some(MAYBE);
    }
    if set_up("remix", "@remix-run/node") {
        let loads = has(text, &["function loader", "function action", "const loader", "const action"]);
        return if loads { Some(Platform::Server) } else { view.then_some(MAYBE) };
    }
    if folder.has("@sveltejs/kit") {
        return path.contains("/routes/").then_some(MAYBE);
    }
    if set_up("astro", "astro") {
        return view.then_some(MAYBE);
    }
    let server = [
        "express",
        "fastify",
        "koa",
        "@nestjs/core",
        "@hapi/hapi",
        "hono",
        "aws-lambda",
        "n8n-workflow",
        "serverless",
        "zapier-platform-core",
    ];
    let runs_here = folder.has_any(&server);
    let views = ["react-dom", "vue", "svelte", "preact", "solid-js", "lit", "@angular/core", "react-native", "expo", "react-scripts"];
    let bundled = folder.is_set_up(&["vite", "vue", "angular", "gatsby", "quasar", "react-native", "ionic", "webpack"])
        || folder.has_any(&["vite", "react-scripts", "@vue/cli-service", "parcel", "gatsby", "expo", "react-native", "webpack-dev-server"]);
    if bundled && folder.has_any(&views) || folder.is_set_up(&["angular", "gatsby", "quasar", "react-native", "ionic"]) {
        return Some(if runs_here { MAYBE } else { BROWSER });
    }
    let for_browsers = folder.has_any(&["browser", "unpkg", "jsdelivr", "browserslist"]);
    let page = folder.is_set_up(&["page"]) && !runs_here;
    let built = bundled && !runs_here && !folder.has("bin") && !folder.has("@types/node");
    (view || for_browsers || page || built).then_some(MAYBE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, package: &str, settings: &[&'static str]) -> Platform {
        let folder = Folder { package: package.into(), settings: settings.iter().copied().collect(), ..Folder::default() };
        Platform::of(path, "export const load = (id) => fetch(`${BASE}/crm/v3/owners`);\n", &folder)
    }

    #[test]
    fn the_project_says_where_its_code_runs() {
        let vite = r#"{"dependencies": {"vue": "3"}, "devDependencies": {"vite": "5"}}"#;
        assert_eq!(of("src/services/hubspot.ts", vite, &["vite"]), BROWSER);
        assert_eq!(of("src/api/hubspot.ts", vite, &["vite"]), BROWSER);
        assert_eq!(of("api/hubspot.ts", vite, &["vite"]), Platform::Server);
        assert_eq!(of("supabase/functions/sync/index.ts", vite, &["vite"]), Platform::Deno);
        assert_eq!(of("src/hubspot.ts", "{}", &["worker"]), WORKER);
        assert_eq!(of("src/hubspot.ts", "", &["deno"]), Platform::Deno);
        assert_eq!(of("js/hubspot.js", "", &["page"]), BROWSER);
        let next = r#"{"dependencies": {"next": "15"}}"#;
        assert_eq!(of("app/api/contacts/route.ts", next, &["next"]), Platform::Server);
        assert_eq!(of("pages/contacts.tsx", next, &["next"]), MAYBE);
        assert_eq!(of("lib/hubspot.ts", next, &["next"]), Platform::Unsaid);
        assert_eq!(of("src/hubspot.ts", r#"{"dependencies": {"express": "4"}}"#, &[]), Platform::Unsaid);
        assert_eq!(of("src/index.ts", r#"{"unpkg": "dist/umd.js"}"#, &[]), MAYBE);
    }
}
