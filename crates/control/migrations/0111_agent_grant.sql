-- The agent that a session was made for over OAuth: the client, and the code that it exchanges for the session's tokens.
create table agent_grant (
    token_id integer primary key references token (id) on delete cascade,
    client text not null, -- the URL of its document, or a digest of the id that it registered for
    client_name text not null, -- its own word
    resource text not null, -- what its tokens are for
    code_hash blob not null unique,
    redirect_uri text not null,
    challenge text not null,
    code_expires_at integer not null,
    code_used integer not null default 0
) strict;
