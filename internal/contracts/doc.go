// Package contracts holds the adapters and the fakes to descriptions of the two
// services that others wrote: every request that the adapters make and every
// answer that the fakes give is checked against OpenAPI documents, and the
// documented exchanges of Microsoft Graph are replayed against its fake. It has
// tests alone, in a module of its own for what they need.
//
// The documents are beside the checkout where they are to be had: EXDESK_SHARED
// names the folder that holds contracts and facts. Without it the tests are
// skipped.
//
// What does not conform is in a table, with the reason and where that is from
// (deviations_graph_test.go, deviations_zendesk_test.go, samples_table_test.go).
// What is not in it fails the tests, and so does a deviation from a contract that
// is in it and did not happen.
package contracts
