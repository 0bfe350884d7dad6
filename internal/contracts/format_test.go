package contracts_test

import (
	"net/url"
	"regexp"

	"github.com/getkin/kin-openapi/openapi3"
)

// formats are those of the contracts that the library does not know by itself.
var formats = map[string]openapi3.StringFormatValidator{
	"base64url": openapi3.NewRegexpFormatValidator(`^[A-Za-z0-9+/_-]*={0,2}$`), // Edm.Binary, in either alphabet
	"uuid":      openapi3.NewRegexpFormatValidator(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`),
	"email":     openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForEmail),
	"datetime":  openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringDateTime),
	"byte":      openapi3.NewRegexpFormatValidator(`^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$`), // lines may be wrapped (RFC 2045 §6.8)
	"date-time": openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringDateTime),
	"url": openapi3.NewCallbackValidator(func(s string) error {
		_, err := url.ParseRequestURI(s)
		return err
	}),
}

var annotation = regexp.MustCompile(`^([^@]*)@(odata\.[A-Za-z]+|removed)$`)
