package eml

import "fmt"

// Error is a message that cannot be understood. Trying again is no use.
type Error struct {
	// Part is the section number of the part, "" for the message's header.
	Part string
	// Reason is a sentence for a person that names the field or part.
	Reason string
}

// Error returns the reason.
func (e *Error) Error() string { return "eml: " + e.Reason }

func errorf(part, format string, args ...any) *Error {
	return &Error{Part: part, Reason: fmt.Sprintf(format, args...)}
}

// whose names a part, or the message when path is empty, within a sentence.
func whose(path string) string {
	if path == "" {
		return "the message"
	}
	return "part " + path
}
