-- Answers of the admin API that are given again when a request is repeated under the same key.
create table idempotent_answer (
    hash blob primary key, -- keyed BLAKE3 of who asks and their key
    request blob not null, -- keyed BLAKE3 of the request
    at integer not null,
    status integer, -- none while the first request is under way
    sealed blob -- the answer's body, sealed: there may be a token in it
) strict;

create index idempotent_answer_at on idempotent_answer (at);
