// Package bench measures exdesk beside what a Go program would use today, in
// one run, against the same servers in another process. See the run command.
//
// Below cmd each directory is a program that measures one subject or one area
// (package measure says how they are asked); servers is the other side. What
// imports msgraph-sdk-go, which takes minutes to compile, is in packages of its
// own there, so that everything else can be tested without it.
package bench
