// Package eml reads RFC 5322 and MIME mail as it is found in the wild.
//
// A [Reader] streams one message: first its header, then its leaves in order.
// Nothing is spooled and memory does not grow with the message.
//
//	r := eml.NewReader(body, nil)
//	h, err := r.Header()
//	for {
//		p, err := r.Next()
//		if err == io.EOF {
//			break
//		}
//		io.Copy(dst, p) // or p.Text() for valid UTF-8
//	}
//
// # Repairs
//
// Real mail breaks every rule. What has only one sensible reading is repaired
// and listed by [Reader.Repairs]: junk before the header, unindented folds, a
// missing blank line or closing boundary, base64 with bad padding, lying
// charset labels. No text is dropped because the structure around it is broken.
//
// # Errors
//
// An [*Error] says that the message itself cannot be understood, and names the
// field or part in words for a person. Trouble of the underlying reader comes
// out unchanged and is never taken for the end of a part. What follows the
// closing boundary of the outermost multipart is left unread.
package eml
