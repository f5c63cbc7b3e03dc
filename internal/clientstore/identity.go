package clientstore

import "time"

// Identity is whose a credential is.
type Identity struct {
	Client  string    // name of the client
	ID      string    // public id of the credential, as in the client's policy
	Expires time.Time // of the credential; zero for never
}
