package main

import (
	"crypto/tls"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

func TestLogin(t *testing.T) {
	w := newWorld(t, nil).start()
	c, err := smtp.DialTLS(w.tlsAddr, w.trust)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.Auth(sasl.NewLoginClient(user, password)))
	require.NoError(t, deliver(c, notice("ann"), ann))

	b64 := base64.StdEncoding.EncodeToString
	conn, err := tls.Dial("tcp", w.tlsAddr, w.trust)
	require.NoError(t, err)
	defer conn.Close()
	talk := &talk{t, conn}
	talk.hears("220 ")
	talk.says("EHLO me")
	talk.hears("250 ")
	talk.says("AUTH LOGIN")
	require.Equal(t, "334 "+b64([]byte("Username:"))+"\r\n", talk.hears("334 "))
	talk.says(b64([]byte(user)))
	require.Equal(t, "334 "+b64([]byte("Password:"))+"\r\n", talk.hears("334 "))
	talk.says(b64([]byte(password)))
	talk.hears("235 ")
	talk.says("AUTH LOGIN")
	talk.hears("503 ")
}

func TestNobodySendsUnknown(t *testing.T) {
	w := newWorld(t, nil).start()
	c, err := smtp.DialStartTLS(w.addr, w.trust)
	require.NoError(t, err)
	defer c.Close()
	requireReply(t, answer(t, deliver(c, notice("ann"), ann)), 530, enhanced{5, 7, 0}, "Sign in first")
	for _, a := range []sasl.Client{sasl.NewPlainClient("", user, "wrong"), sasl.NewLoginClient("else", password), sasl.NewPlainClient("root", user, password)} {
		c, err := smtp.DialStartTLS(w.addr, w.trust)
		require.NoError(t, err)
		defer c.Close()
		requireReply(t, answer(t, c.Auth(a)), 535, enhanced{5, 7, 8}, "failed")
		requireReply(t, answer(t, deliver(c, notice("ann"), ann)), 530, enhanced{5, 7, 0}, "Sign in first")
		require.NoError(t, c.Reset())
		requireReply(t, answer(t, c.Rcpt(ann, nil)), 502, enhanced{5, 5, 1}, "MAIL")
		requireReply(t, answer(t, c.Auth(sasl.NewAnonymousClient("me"))), 504, enhanced{5, 7, 4}, "mechanism")
	}
	w.requireSent(0)
	require.NotContains(t, w.log.String(), "else", "no user names")
}

func TestNoPasswordInTheClear(t *testing.T) {
	w := newWorld(t, nil).start()
	c := w.talk(w.addr)
	require.Contains(t, c.hears("220 "), "gateway.test")
	c.says("EHLO me")
	require.Equal(t, "250-gateway.test\r\n250-ENHANCEDSTATUSCODES\r\n250-SIZE 36700160\r\n250 STARTTLS\r\n", c.hears("250 "))
	for line, want := range map[string]string{"AUTH PLAIN AGEAYg==": "538 5.7.11 ", "auth login": "538 5.7.11 ", "MAIL FROM:<>": "530 5.7.0 ",
		"RCPT TO:<a@b>": "530 5.7.0 ", "DATA": "530 5.7.0 ", "BDAT 3 LAST": "530 5.7.0 ", "VRFY a": "530 5.7.0 ", "": "530 5.7.0 ",
		"NOOP": "250 ", "HELO me": "250 ", "RSET": "250 "} {
		c.says(line)
		c.hears(want)
	}
	c.says("QUIT")
	c.hears("221 ")
	c.ends()

	c = w.talk(w.addr)
	c.hears("220 ")
	c.says(strings.Repeat("x", 2000))
	c.hears("500 ")

	c = w.talk(w.addr)
	c.hears("220 ")
	for range mostBare {
		c.says("NOOP")
		c.hears("250 ")
	}
	c.hears("421 ")
	c.ends()
}

// What somebody on the way puts behind STARTTLS is not taken for the client's
// (CVE-2011-0411).
func TestNothingSlipsIntoTLS(t *testing.T) {
	w := newWorld(t, nil).start()
	c := w.talk(w.addr)
	c.hears("220 ")
	c.says("STARTTLS\r\nEHLO evil")
	c.hears("501 ")
	c.ends()
}

func TestWrongPasswords(t *testing.T) {
	w := newWorld(t, nil).start()
	conn, err := tls.Dial("tcp", w.tlsAddr, w.trust)
	require.NoError(t, err)
	defer conn.Close()
	c := &talk{t, conn}
	c.hears("220 ")
	c.says("EHLO me")
	c.hears("250 ")
	wrong := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00wrong"))
	right := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password))
	c.says(wrong + "\r\n" + wrong + "\r\n" + wrong + "\r\n" + right)
	c.hears("535 ")
	c.hears("535 ")
	c.hears("421 4.7.0 ")
	c.hears("421 4.7.0 ")
	c.ends()
	require.NotContains(t, w.log.String(), "code=250")
}

func TestPauseGrows(t *testing.T) {
	a := newAccount(user, password)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 32, 32} {
		require.Equal(t, want*time.Second, a.mistake("192.0.2.1"))
	}
	require.Equal(t, time.Second, a.mistake("192.0.2.2"), "of each host")
	a.wrong["192.0.2.1"] = mistakes{8, time.Now().Add(-2 * forgiven)}
	require.Equal(t, time.Second, a.mistake("192.0.2.1"), "some day it is forgiven")
	for i := range maxHosts + 10 {
		a.mistake(string(rune(i)))
	}
	require.LessOrEqual(t, len(a.wrong), maxHosts)
}

func TestCheck(t *testing.T) {
	a := newAccount(user, password)
	require.True(t, a.check(user, password))
	for _, c := range [][2]string{{user, ""}, {"", password}, {password, user}, {user, password + " "}, {"", ""}} {
		require.False(t, a.check(c[0], c[1]))
	}
}
