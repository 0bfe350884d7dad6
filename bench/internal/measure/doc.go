// Package measure is what the subject programs have in common: what this process
// has used, and how it is told.
//
// A subject program prints with the argument list what it can measure, one
// Pair a line in JSON, and makes one measurement with the arguments run, measure
// and subject, whose figures it prints as one Line a line. Main does both.
package measure
