// Package automail tells mail that machines wrote from mail that people wrote:
// bounces, automatic replies, receipts, complaints, notifications, lists.
//
//	e := &automail.Evidence{Header: h}
//	for each leaf p {
//		var r io.Reader = p
//		if w := e.Keep(p.Type); w != nil {
//			r = io.TeeReader(p, w)
//		}
//		… // read r; the first text becomes e.Text
//	}
//	v := automail.Judge(e)
//
// What a machine says of itself in structured form counts first: a report
// (RFC 6522) and Auto-Submitted (RFC 3834). Words count only beside a sign that
// no person sends, such as an empty Return-Path or the sender mailer-daemon: a
// customer who forwards a bounce, answers an out-of-office note or complains
// about a parcel that was not delivered is a customer.
//
// X-Auto-Response-Suppress by itself says nothing. It asks others not to
// answer, and Exchange puts it on what people send to groups ([MS-OXCMAIL]
// §2.1.3.2.20).
package automail
