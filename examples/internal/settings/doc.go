// Package settings reads from the environment how a mailbox and a Zendesk account
// are connected, for examples/connect, which signs in, and for those that work then,
// examples/ingest, webhook and smtpgateway: a person sets the same for all.
//
//	EXDESK_MAILBOX                the mailbox's address
//	EXDESK_ACCESS                 who opens it: "person", who signs in as the mailbox (default);
//	                              "shared", somebody with access to it; "application", by itself
//	EXDESK_SEND                   "yes" if mail is to leave through the mailbox as well (default no)
//	EXDESK_TENANT                 the Microsoft tenant: its id or one of its domains
//	EXDESK_CLIENT_ID              the Application (client) ID of the registration in Entra
//	EXDESK_CLIENT_SECRET *        its secret; or
//	EXDESK_CLIENT_CERTIFICATE *   its certificate and private key, in PEM; or
//	EXDESK_FEDERATED_TOKEN_FILE   a file with a token of another provider that somebody renews;
//	                              or none of the three: the application is a public client
//	EXDESK_CLOUD                  Microsoft's cloud: "global" (default), "gcchigh", "dod", "china"
//	EXDESK_OUT_OF_REACH           the address of a mailbox that the application must not open: it is
//	                              tried, to prove that "application" has this mailbox alone
//	EXDESK_ZENDESK                the Zendesk account: acme for acme.zendesk.com
//	EXDESK_ZENDESK_CLIENT_ID      the identifier of the OAuth client there
//	EXDESK_ZENDESK_CLIENT_SECRET *
//	                              its secret; or, until Zendesk ends them on 30 April 2027:
//	EXDESK_ZENDESK_EMAIL          the address of an agent
//	EXDESK_ZENDESK_API_TOKEN *    and an API token
//	EXDESK_STORE                  the directory that keeps the sign-in, sealed; not for "application"
//	EXDESK_KEY *                  what seals it: 32 octets in base64; several lines of id:base64
//	                              change it, the new one first. connect makes the file of
//	                              EXDESK_KEY_FILE if it is not there
//	EXDESK_GRAPH_URL, EXDESK_LOGIN_URL, EXDESK_ZENDESK_URL
//	                              other servers than the real ones, for tests: examples/sandbox
//
// For examples/ingest alone:
//
//	EXDESK_EVERY                  the pause between two looks into the Inbox (default 30s)
//	EXDESK_SINCE                  take read mail as well, received since: 2026-11-01, or with a
//	                              time as in RFC 3339
//	EXDESK_DRY_RUN                "true" only says in the log what would become of each mail
//	EXDESK_LISTEN                 the address of its health (default 127.0.0.1:8600); "off" for none
//	EXDESK_LOG                    "text" (default) or "json", and a level: "json,debug" (default info)
//	EXDESK_STOP                   how long the mail at hand may take when it is to end (default 30s)
//
// What is marked * is secret and can be in a file: that of NAME_FILE, or of that
// name in $CREDENTIALS_DIRECTORY, where systemd puts what LoadCredential= names.
package settings
