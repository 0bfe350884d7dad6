module github.com/exdesk/exdesk

go 1.26.0

require golang.org/x/oauth2 v0.37.0

require (
	github.com/emersion/go-message v0.18.2
	github.com/stretchr/testify v1.12.1
	golang.org/x/text v0.43.0
	golang.org/x/time v0.16.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
