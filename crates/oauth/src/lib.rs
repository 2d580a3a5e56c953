//! OAuth 2.0, client and server halves. To come; docs/ARCHITECTURE.md says what belongs here.
