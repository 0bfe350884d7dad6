package contracts_test

// EX is an exchange in facts/graph-http-examples.md. The contract's schemas are
// Microsoft's own metadata; its paths were put together by hand, and have none for
// folders, users and what is on other hosts.
var graphDeviations = []deviation{
	{"*", "answer * header Request-Id unknown", "the contract names no fields of answers: every one has these (EX, common response headers)"},
	{"*", "answer * header Client-Request-Id unknown", "EX, common response headers"},
	{"*", "answer * header Odata-Version unknown", "EX, common response headers"},
	{"*", "answer * header X-Ms-Ags-Diagnostic unknown", `"Best practices for working with Microsoft Graph": to be told to support`},
	{"*", "answer * header Preference-Applied unknown", "EX 2, EX 6"},
	{"*Message", "answer 20? header Etag unknown", "OData 4.0 §8.2.3; the same as @odata.etag (EX 4)"},
	{"*", "answer * /error/innerError/date format", "without a zone in every sample: EX 36, EX 39, EX 41"},
	{"*", "answer 429 /error/innerError/message unknown", "EX 41"},
	{"*", "answer 429 /error/innerError/status unknown", "EX 41"},
	{"*_Create*Message", "answer 201 /from nullable", "facts/graph-api.md §2: may be null in drafts and odd items; EX 8"},
	{"*_Create*Message", "answer 201 /sender nullable", "facts/graph-api.md §2: may be null in drafts and odd items"},
	{"*_GetAttachmentRaw", "answer 200 type application/pdf unknown", "facts/graph-api.md §4: the raw octets of the file, under its own type"},
	{"*_GetAttachmentRaw", "answer 200 type image/png unknown", "facts/graph-api.md §4: the raw octets of the file, under its own type"},
	{"*", "request header Prefer unknown", `facts/graph-api.md §2: IdType="ImmutableId" "has to be asked on every request" ("Obtain immutable identifiers"), since ids in the path are read by it as well`},
	{"*_List*Messages", "request query $skiptoken unknown", "of a nextLink, which is opaque (facts/graph-api.md §3); the fake's are so that nobody takes them apart"},
	{"*_MoveMessage", "request /destinationId unknown", "EX 18; the metadata writes DestinationId, and members of an action's body are read in any case"},

	{"GET /v1.0/me", "not in the contract", `"Get a user": who signed in`},
	{"GET /v1.0/users/*", "not in the contract", `"Get a user": licences and addresses of the mailbox's owner, for Check`},
	{"POST /v1.0/users/*/mailFolders", "not in the contract", `"Create MailFolder": the folder of graph.Claims`},
	{"GET /v1.0/users/*/mailFolders/*/childFolders", "not in the contract", `"List childFolders": graph.Claims`},
	{"POST /v1.0/users/*/mailFolders/*/childFolders", "not in the contract", `"Create child folder": graph.Claims`},
	{"PATCH /v1.0/users/*/mailFolders/*", "not in the contract", `"Update mailfolder", with singleValueExtendedProperties: graph.Claims`},
	{"DELETE /v1.0/users/*/mailFolders/*", "not in the contract", `"Delete mailFolder": graph.Claims`},
	{"PUT /api/gv1.0/users(*)/messages(*)/AttachmentSessions(*)", "not in the contract", "EX 33 b and c: on another host"},
}
