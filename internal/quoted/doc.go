// Package quoted tells what a person wrote in a reply from the quotation under
// it.
//
//	kept, cut := quoted.Text(body)
//
// There is no standard for quotations, only what mail programs do. The package
// knows the line of Zendesk above which an answer is to be written, the lines
// and header blocks that programs put over a quotation in some forty languages,
// quote marks, and the elements of HTML mail that hold or precede a quotation.
//
// # When in doubt
//
// A quotation that stays is a nuisance, an answer that goes is lost. So
// everything is kept when answers stand between or under the quoted lines, when
// nothing would remain, when a message is passed on, and when the text points
// at what is below it ("see my answers below"). What is under a header block of
// Outlook bears no marks that would show an answer in it; there the package has
// to trust that people write on top.
//
// # When to ask
//
// Ask only about mail that answers another, which its In-Reply-To or References
// field tells: a contact form or a bounce may hold a header block that is no
// quotation. And ask [Forwarded] about the subject first: what Outlook passes on
// looks like what it quotes.
//
// The cost is linear in the length of the text, whatever is in it.
package quoted
