// Prints the subjects of the newest mails of a mailbox.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
)

func main() {
	log.SetPrefix("importer: ")
	req, err := http.NewRequest(http.MethodGet, "https://graph.microsoft.com/v1.0/users/support@contoso.com/messages?$select=subject", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("GRAPH_TOKEN"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var page struct {
		Value []struct{ Subject string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		log.Fatal(err)
	}
	for _, m := range page.Value {
		log.Print(m.Subject)
	}
}
