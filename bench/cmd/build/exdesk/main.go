// Turns the new mail of a mailbox into tickets.
package main

import (
	"context"
	"log"
	"os"

	"github.com/exdesk/exdesk"
	"github.com/exdesk/exdesk/entra"
	"github.com/exdesk/exdesk/graph"
	"github.com/exdesk/exdesk/zendesk"
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func main() {
	log.SetPrefix("importer: ")
	microsoft := must(entra.New("contoso.com", os.Getenv("ENTRA_CLIENT_ID"), entra.Secret(os.Getenv("ENTRA_CLIENT_SECRET")), nil))
	support := must(zendesk.NewApp("acme", os.Getenv("ZENDESK_CLIENT_ID"), os.Getenv("ZENDESK_CLIENT_SECRET"), nil))
	mailbox := must(graph.New("support@contoso.com", must(microsoft.AppSource()), nil))
	desk := must(zendesk.New("acme", must(support.AppSource()), nil))
	conn := must(exdesk.New(mailbox, desk, nil))
	log.Print(must(conn.Ingest(context.Background())))
}
