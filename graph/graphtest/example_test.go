package graphtest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"strings"

	"github.com/exdesk/exdesk/graph/graphtest"
)

func ExampleNew() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()

	fake.Deliver([]byte("From: ann@example.com\r\nSubject: The printer is on fire\r\n\r\nPlease help.\r\n"))

	req, _ := http.NewRequest("GET", web.URL+"/v1.0/users/"+fake.Mailbox()+"/messages?$select=subject,isRead", nil)
	req.Header.Set("Authorization", "Bearer "+fake.Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var list struct {
		Value []struct {
			Subject string
			IsRead  bool
		}
	}
	_ = json.NewDecoder(resp.Body).Decode(&list)
	fmt.Println(resp.StatusCode, list.Value)
	// Output: 200 [{The printer is on fire false}]
}

func ExampleServer_Deliver() {
	fake := graphtest.New(nil)
	id := fake.Deliver([]byte("From: ann@example.com\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n\r\nHello.\r\n"))

	m, _ := fake.Message(id)
	fmt.Println(m.Folder, m.Subject, m.IsRead, m.Size)
	// Output: inbox Café false 65
}

func ExampleServer_Fault() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()

	// The first change of a message is made, and its answer is lost.
	_ = fake.Fault(graphtest.Fault{Method: "PATCH", Path: "/v1.0/users/*/messages/*", Commit: true, Drop: true})

	id := fake.Deliver([]byte("Subject: Hello\r\n\r\n"))
	req, _ := http.NewRequest("PATCH", web.URL+"/v1.0/users/"+fake.Mailbox()+"/messages/"+url.PathEscape(id), nil)
	req.Header.Set("Authorization", "Bearer "+fake.Token())
	_, err := http.DefaultClient.Do(req)
	fmt.Println(err != nil)
	// Output: true
}

func ExampleServer_DeliverTo() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()

	// A mail that Exchange found to be forged.
	mail := []byte("From: boss@contoso.test\r\nSubject: Urgent\r\n\r\nPay this.\r\n")
	id, _ := fake.DeliverTo(fake.Mailbox(), mail, &graphtest.Delivery{
		Auth: "spf=fail (sender IP is 192.0.2.25) smtp.mailfrom=contoso.test; dkim=none (message not signed) header.d=none;" +
			"dmarc=fail action=oreject header.from=contoso.test;compauth=fail reason=000",
	})

	req, _ := http.NewRequest("GET", web.URL+"/v1.0/users/"+fake.Mailbox()+"/messages/"+url.PathEscape(id)+"?$select=internetMessageHeaders", nil)
	req.Header.Set("Authorization", "Bearer "+fake.Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var message struct {
		InternetMessageHeaders []struct{ Name, Value string }
	}
	_ = json.NewDecoder(resp.Body).Decode(&message)
	for _, h := range message.InternetMessageHeaders[:8] {
		fmt.Println(h.Name)
	}
	// Output:
	// Received
	// Received
	// Received
	// Authentication-Results
	// Received-SPF
	// Received
	// From
	// Subject
}

func ExampleServer_Sent() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()

	mail := "From: Sue <" + fake.Mailbox() + ">\r\nTo: ann@example.com\r\nBcc: eve@example.com\r\nSubject: Hello\r\n" +
		"Auto-Submitted: auto-generated\r\nMessage-ID: <1@example.org>\r\n\r\nHi.\r\n"
	body := strings.NewReader(base64.StdEncoding.EncodeToString([]byte(mail)))
	req, _ := http.NewRequest("POST", web.URL+"/v1.0/users/"+fake.Mailbox()+"/sendMail", body)
	req.Header.Set("Authorization", "Bearer "+fake.Token())
	req.Header.Set("Content-Type", "text/plain")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()

	sent := fake.Sent()[0]
	fmt.Println(resp.StatusCode, sent.EnvelopeRecipients)
	arrived, _ := netmail.ReadMessage(bytes.NewReader(sent.MIME))
	for _, name := range []string{"From", "Bcc", "Auto-Submitted", "Message-Id"} {
		fmt.Printf("%s: %q\n", name, arrived.Header.Get(name))
	}
	// Output:
	// 202 [ann@example.com eve@example.com]
	// From: "\"support\" <support@contoso.test>"
	// Bcc: ""
	// Auto-Submitted: ""
	// Message-Id: "<1@example.org>"
}

func ExampleServer_Poison() {
	fake := graphtest.New(nil)
	web := httptest.NewServer(fake)
	defer web.Close()
	fake.Poison(fake.Deliver([]byte("From: ann@example.com\r\nSubject: Help\r\n\r\n")))

	for _, selected := range []string{"id,subject", "id"} {
		req, _ := http.NewRequest("GET", web.URL+"/v1.0/users/"+fake.Mailbox()+"/messages?$select="+selected, nil)
		req.Header.Set("Authorization", "Bearer "+fake.Token())
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(selected, resp.StatusCode)
	}
	// Output:
	// id,subject 500
	// id 200
}
