// Package browsertest drives the pages of package consent in Chromium, against the
// fake of Entra ID: what people do, by mouse and by keyboard, and what a screen
// reader is told. It has tests alone, in a module of its own for what they need.
//
// Without Chromium they are skipped, unless EXDESK_CHROMIUM is 1. With
// EXDESK_SCREENSHOTS they leave a picture of each page in that directory: light,
// dark and narrow.
package browsertest
