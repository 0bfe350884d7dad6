package graphtest

import "net/http"

// tokenRefusal is an answer of Entra ID that grants nothing.
type tokenRefusal struct {
	status     int
	err        string
	number     int
	text       string
	suberror   string
	claims     string
	retryAfter string
}

// trouble is the refusal that a number stands for, with a text that says more,
// if there is one.
func trouble(number int, text ...string) *tokenRefusal {
	no := aadsts[number]
	no.number = number
	for _, t := range text {
		no.text = t
	}
	return &no
}

// aadsts are the numbers of Entra ID that this server knows. ("Microsoft Entra
// authentication and authorization error codes"; what that page leaves out is
// taken from reports.) The page gives no status: 400 is RFC 6749 §5.2, 401 what
// Entra ID answers to a wrong credential.
var aadsts = map[int]tokenRefusal{
	50011:  bad("invalid_request", "The redirect URI specified in the request does not match the redirect URIs configured for the application."),
	500112: bad("invalid_client", "The reply address does not match the reply address provided when requesting Authorization code."),
	50194:  bad("invalid_request", "Application is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps. Use a tenant-specific endpoint."),
	70003:  bad("unsupported_grant_type", "The app requested an unsupported grant type."),
	70005:  bad("unsupported_response_type", "The app asked for an unsupported response type."),
	70007:  bad("invalid_request", "The app asked for an unsupported value of response_mode."),
	90002:  bad("invalid_request", "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."),
	90015:  bad("invalid_request", "The query string is too long."),
	900144: bad("invalid_request", "The request body is missing a parameter."),
	900561: bad("invalid_request", "The endpoint only accepts POST requests."),
	90130:  bad("invalid_request", "The application isn't supported over the /common or /consumers endpoints. Use the /organizations or tenant-specific endpoint instead."),
	900971: bad("invalid_request", "No reply address provided."),

	9001023: bad("invalid_request", "The grant type isn't supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint."),
	9002313: bad("invalid_request", "Invalid request. Request is malformed or invalid."),
	9002332: bad("invalid_request", "Application is configured for use by Microsoft Entra users only. Please do not use the /consumers endpoint to serve this request."),

	// The application.
	50013:   client("Assertion failed signature validation. [Reason - The provided signature value did not match the expected signature value.]"),
	50027:   client("JWT token is invalid or malformed."),
	50048:   client("Subject mismatches Issuer claim in the client assertion."),
	700016:  bad("unauthorized_client", "Application was not found in the directory."),
	700021:  client("Client assertion application identifier doesn't match 'client_id' parameter."),
	700023:  client("Client assertion audience claim does not match Realm issuer."),
	700024:  client("Client assertion is not within its valid time range."),
	700025:  client("Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
	700027:  client("Client assertion failed signature validation."),
	70021:   client("No matching federated identity record found for presented assertion."),
	700211:  client("No matching federated identity record found for presented assertion issuer."),
	700212:  client("No matching federated identity record found for presented assertion audience."),
	700213:  client("No matching federated identity record found for presented assertion subject."),
	5002741: client("Number of audience values in the provided client credential exceed maximum allowed."),
	7000112: bad("unauthorized_client", "Application is disabled."),
	7000215: client("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."),
	7000218: client("The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
	7000222: client("The provided client secret keys are expired. Create new keys for your app, or consider using certificate credentials for added security."),

	// Permissions.
	500011: bad("invalid_resource", "The resource principal was not found in the tenant."),
	65001:  {status: http.StatusBadRequest, err: "invalid_grant", suberror: "consent_required", text: "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource."},
	65004:  bad("access_denied", "User declined to consent to access the app."),
	650053: bad("invalid_client", "The application asked for a scope that doesn't exist on the resource. Contact the app vendor."),
	70011:  bad("invalid_scope", "The provided value for the input parameter 'scope' is not valid."),
	90094:  bad("consent_required", "The grant requires admin permission."),
	90095:  bad("consent_required", "The user was told to ask an administrator for consent."),

	// The person.
	16000: bad("login_required", "Either multiple user identities are available for the current request or selected account is not supported for the scenario."),
	50034: bad("invalid_grant", "The user account does not exist in the directory."),
	50053: bad("invalid_grant", "The account is locked because the user tried to sign in too many times with an incorrect user ID or password."),
	50055: {status: http.StatusBadRequest, err: "invalid_grant", suberror: "user_password_expired", text: "The password is expired."},
	50057: bad("invalid_grant", "The user account is disabled."),
	50058: bad("login_required", "A silent sign-in request was sent but no user is signed in."),
	50074: bad("interaction_required", "Strong authentication is required."),
	50076: bad("interaction_required", "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource."),
	50078: bad("interaction_required", "Presented multi-factor authentication has expired due to policies configured by your administrator."),
	50079: bad("interaction_required", "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication."),
	50105: bad("invalid_grant", "The signed in user is not assigned to a role for the application."),
	50126: bad("invalid_grant", "Error validating credentials due to invalid username or password."),
	53000: bad("interaction_required", "Device is not in required device state: compliant."),
	53003: bad("interaction_required", "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."),

	// Codes and refresh tokens.
	50089:  bad("invalid_grant", "Authentication failed due to flow token expired."),
	50132:  bad("invalid_grant", "The session is not valid due to password expiration or recent password change."),
	50133:  bad("invalid_grant", "The session is not valid due to password expiration or recent password change."),
	50173:  bad("invalid_grant", "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password."),
	50196:  bad("invalid_grant", "The server terminated an operation because it encountered a client request loop. Please contact your app vendor."),
	501481: bad("invalid_grant", "The Code_Verifier does not match the code_challenge supplied in the authorization request."),
	501491: bad("invalid_request", "Invalid size of Code_Challenge parameter."),
	54005:  bad("invalid_grant", "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."),
	70000:  bad("invalid_grant", "Provided grant is invalid or malformed."),
	700005: bad("invalid_grant", "Provided Authorization Code is intended to use against other tenant, thus rejected."),
	70008:  bad("invalid_grant", "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource."),
	700082: bad("invalid_grant", "The refresh token has expired due to inactivity."),
	700084: bad("invalid_grant", "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime, which can't be extended."),
	70016:  bad("authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
	70018:  bad("bad_verification_code", "Invalid verification code. Verify that the client is sending the correct device_code."),
	70020:  bad("expired_token", "The provided value for the input parameter 'device_code' is not valid. This device code has expired."),
	70043:  bad("invalid_grant", "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access."),
	90119:  bad("invalid_request", "The user code is null or empty."),

	// The service.
	90024: later(http.StatusServiceUnavailable, "A transient error has occurred. Please try again."),
	90033: later(http.StatusServiceUnavailable, "A transient error has occurred. Please try again."),
	90055: later(http.StatusTooManyRequests, "The request was throttled: there are too many incoming requests for this tenant."),
}

func bad(err, text string) tokenRefusal {
	return tokenRefusal{status: http.StatusBadRequest, err: err, text: text}
}

func client(text string) tokenRefusal {
	return tokenRefusal{status: http.StatusUnauthorized, err: "invalid_client", text: text}
}

func later(status int, text string) tokenRefusal {
	return tokenRefusal{status: status, err: "temporarily_unavailable", text: text}
}
