//! The method of a call that has a URL as an argument.

use keyway_core::catalog::Method;
use tree_sitter::Node;

use super::call::{Call, children, is_arguments, is_object};
use super::flow::{better, is_statement};
use super::value::Frame;
use super::{Answer, Program, words};

/// The most uses of one request that are read.
const USES_MAX: usize = 60;

impl<'s, 't> Program<'s, 't> {
    /// A URL, or a request made with one, as an argument of a call.
    pub(super) fn handed(&self, call: &Call<'s, 't>, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        if !self.spend() {
            return Answer::Silent;
        }
        self.shapes(call.node);
        self.past_url.set(true);
        for argument in call.arguments.iter().filter(|argument| words::is_name(self.source.of(argument.value).trim_start_matches('$'))) {
            // `requests.get(url, params=params)`: the values of the variables belong to the call.
            let held = self.values(self.name_of(argument.value), argument.value);
            held.last().into_iter().for_each(|value| self.shapes(*value));
        }
        if call.node.kind() == "command"
            && let Some(answer) = self.of_command(call, frame)
        {
            return answer;
        }
        if call.name.starts_with("curl_setopt") {
            return self.curl_option(call, at, frame);
        }
        // A handle without a method uses GET.
        if call.name == "curl_exec" {
            return Answer::Reads;
        }
        let local = self.functions.get(call.name).map(Vec::as_slice).unwrap_or_default();
        if local.is_empty()
            && let Some(method) = self.verb_of(call)
        {
            return Answer::Says(method);
        }
        self.open.set(false);
        if let Some(answer) = self.picked(call, frame) {
            return answer;
        }
        if let Some(method) = self.told(call, at, frame) {
            return Answer::Says(method);
        }
        if let Some(method) = self.initialized(call, frame).or_else(|| self.chained(call, frame)) {
            return Answer::Says(method);
        }
        // Without a method, .NET's `UploadString` uses POST.
        if call.name.starts_with("UploadString") || call.name.starts_with("UploadData") || call.name.starts_with("UploadValues") {
            return Answer::Says(Method::Post);
        }
        let mut answer = if self.open.get() { Answer::Open } else { Answer::Silent };
        for function in local.iter().take(3) {
            answer = better(self.inside(call, *function, at, frame), answer);
        }
        if answer == Answer::Open
            && let Some(method) = words::weak(call.name)
        {
            self.hinted.set(true);
            return Answer::Says(method);
        }
        if answer != Answer::Silent {
            return answer;
        }
        if words::makes_request(call.name) {
            answer = self.request_made(call, frame);
            // A request without a method has the default method of the function that sends it.
            if answer == Answer::Open && words::reads_by_default(call.name) {
                answer = Answer::Reads;
            }
            if matches!(answer, Answer::Says(_)) {
                return answer;
            }
        }
        // Python's `Request` and `urlopen` use POST where they get data.
        if words::reads_by_default(call.name) && call.arguments.iter().any(|argument| argument.name == Some("data")) {
            return Answer::Says(Method::Post);
        }
        if answer != Answer::Silent {
            return answer;
        }
        if words::reads_by_default(call.name)
            || self.is_made_reader(call)
            || matches!(call.callee, "URI.open" | "WebRequest.Create" | "url.openStream")
        {
            return Answer::Reads;
        }
        if let Some(method) = words::strong(call.name) {
            return Answer::Says(method);
        }
        if let Some(method) = words::weak(call.name) {
            self.hinted.set(true);
            return Answer::Says(method);
        }
        if words::sends(call.name) { Answer::Open } else { Answer::Silent }
    }

    /// The method in the name of a callee: `client.PostAsync(`, `Net::HTTP::Post.new(`, `new HttpDelete(`.
    fn verb_of(&self, call: &Call<'s, 't>) -> Option<Method> {
        if matches!(call.name, "new" | "New" | "NewRequest") {
            let class = call.callee.trim_end_matches(".new").trim_end_matches("::new");
            return class.rsplit([':', '.']).next().and_then(words::strong);
        }
        words::strong(call.name)
    }

    /// The method among a call's arguments: by name, in options, or as a word.
    fn told(&self, call: &Call<'s, 't>, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        let others = || call.arguments.iter().filter(|argument| !argument.value.byte_range().contains(&at.start_byte()));
        for argument in others().filter(|argument| argument.name.is_some_and(words::names_method)) {
            if let Some(method) = self.evaluate(argument.value, frame) {
                return Some(method);
            }
            self.open.set(true);
        }
        let plain = || {
            others().filter(|argument| argument.name.is_none_or(|name| matches!(name, "init" | "options" | "opts" | "config" | "context")))
        };
        for argument in plain() {
            if argument.name.is_none() && !is_object(argument.value) {
                let word = self.source.language.is_string(argument.value.kind()) || self.source.of(argument.value).len() < 60;
                if let Some(method) = self.evaluate(argument.value, frame).filter(|_| word) {
                    return Some(method);
                }
            }
        }
        plain().find_map(|argument| self.method_of_options(argument.value, frame))
    }

    /// The method in a chain of calls, before or after this one: `client.post().uri(…)`, `.url(…).put(body)`.
    fn chained(&self, call: &Call<'s, 't>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        let link = |link: &Call<'s, 't>| {
            if words::sets_method(link.name) && link.name != "request" {
                let method = link.arguments.iter().find_map(|argument| self.evaluate(argument.value, frame));
                // A method that is set but can't be read is not the default.
                self.open.set(self.open.get() || method.is_none() && !link.arguments.is_empty());
                return method;
            }
            words::strong(link.name)
        };
        let mut at = call.node;
        for _ in 0..16 {
            let Some(parent) = self.parent(at) else { break };
            let member =
                !is_arguments(parent) && children(parent).first().is_some_and(|first| first.byte_range().contains(&at.start_byte()));
            if !member || is_statement(parent.kind()) {
                break;
            }
            if let Some(method) = self.call(parent).filter(|outer| outer.node.id() != call.node.id()).and_then(|outer| link(&outer)) {
                return Some(method);
            }
            at = parent;
        }
        let mut on = self.receiver(call);
        for _ in 0..12 {
            let before = on.and_then(|node| self.call(node))?;
            if let Some(method) = link(&before) {
                return Some(method);
            }
            on = self.receiver(&before);
        }
        None
    }

    /// The later uses of the request that a call makes: of the variable that stores it, or of the one that it is set on.
    fn request_made(&self, call: &Call<'s, 't>, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        // `req.setEndpoint(url)`: the request has a name already.
        if let Some(on) = self.receiver(call).filter(|on| words::is_name(self.source.of(*on))) {
            let name = self.source.of(on);
            let set = self.set_on(name, on, frame).or_else(|| self.called_with_method(name, on, frame));
            if let Some(method) = set.or_else(|| self.block_of(name, on)) {
                return Answer::Says(method);
            }
        }
        self.follow(call.node, frame)
    }

    /// `conn.post do |request|`: the call that has a block, where the block's parameter has this name.
    fn block_of(&self, name: &str, at: Node<'s>) -> Option<Method> {
        let block = self.function(at)?;
        let takes = self.parameters(block).iter().any(|parameter| parameter.name == name);
        let call = self.parent(block).filter(|_| takes).and_then(|parent| self.block_call(parent))?;
        words::strong(call)
    }

    /// The name of the call that has a block.
    fn block_call(&self, node: Node<'s>) -> Option<&'t str> {
        node.child_by_field_name("method").map(|name| self.source.of(name))
    }

    /// `request.setMethod('POST')` in the function around a place.
    fn called_with_method(&self, name: &str, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Option<Method> {
        let own = self.function(at).map_or(0..self.source.text.len(), |function| function.byte_range());
        let places = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter(|place| own.contains(&place.start_byte())).take(USES_MAX).find_map(|place| {
            let mut node = *place;
            for _ in 0..3 {
                node = self.parent(node)?;
                if let Some(call) = self.call(node) {
                    let on = self.receiver(&call).is_some_and(|on| on.byte_range().contains(&place.start_byte()));
                    return match on.then(|| self.called_on(&call, frame))?? {
                        Answer::Says(method) => Some(method),
                        _ => None,
                    };
                }
            }
            None
        })
    }

    /// `curl_setopt($ch, CURLOPT_CUSTOMREQUEST, 'PUT')`: all options of the same handle in the function.
    fn curl_option(&self, call: &Call<'s, 't>, at: Node<'s>, frame: Option<&Frame<'_, 's, 't>>) -> Answer {
        let Some(handle) = call.arguments.first() else { return Answer::Silent };
        let name = self.name_of(handle.value);
        let own = self.function(at).map_or(0..self.source.text.len(), |function| function.byte_range());
        let (mut custom, mut sends) = (None, None);
        for place in self.names.get(name).map(Vec::as_slice).unwrap_or_default() {
            if !own.contains(&place.start_byte()) {
                continue;
            }
            // The next handle with the same name is another request.
            if self.assigned(*place).is_some() {
                if place.start_byte() > at.start_byte() {
                    break;
                }
                (custom, sends) = (None, None);
            }
            let mut node = *place;
            let set = (0..4).find_map(|_| {
                node = self.parent(node)?;
                self.call(node).filter(|call| call.name.starts_with("curl_setopt"))
            });
            let Some(set) = set else { continue };
            self.shapes(set.node);
            match set.arguments.as_slice() {
                [_, options] => custom = self.method_of_options(options.value, frame).or(custom),
                [_, option, value] => match self.source.of(option.value) {
                    "CURLOPT_CUSTOMREQUEST" => custom = self.evaluate(value.value, frame).or(custom),
                    "CURLOPT_POST" if !matches!(self.source.of(value.value), "0" | "false" | "FALSE") => sends = Some(Method::Post),
                    "CURLOPT_POSTFIELDS" => sends = Some(Method::Post),
                    "CURLOPT_PUT" | "CURLOPT_UPLOAD" => sends = Some(Method::Put),
                    _ => {}
                },
                _ => {}
            }
        }
        custom.or(sends).map_or(Answer::Reads, Answer::Says)
    }
}
