package certificates

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// handshakeTime is the timeout of one client.
const handshakeTime = 20 * time.Second

// The reasons for which clients reject a server.
var (
	errName = errors.New("wrong name")
	errRoot = errors.New("unknown root")

	// errConstraint is the reason if an authority is not one for this name.
	errConstraint = errors.New("outside of the authority's names")

	// errTrusted is the outcome of a client that should have rejected the server.
	errTrusted = errors.New("verified")
)

// client connects to a TLS server at an address, which it knows by a name and
// trusts through a root in PEM. It returns how many certificates it was sent.
type client struct {
	name    string
	connect func(ctx context.Context, address, name string, root []byte) (sent int, err error)
}

var clients = []client{{"Go", connectGo}, {"OpenSSL", connectOpenSSL}}

func connectGo(ctx context.Context, address, name string, root []byte) (int, error) {
	conn, err := dial(ctx, address, name, root)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return len(conn.ConnectionState().PeerCertificates), echo(conn)
}

// dial opens a connection with Go's client.
func dial(ctx context.Context, address, name string, root []byte) (*tls.Conn, error) {
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(root)
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: trusted}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	var otherName x509.HostnameError
	var otherRoot x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &otherName):
		return nil, errName
	case errors.As(err, &otherRoot):
		return nil, errRoot
	case errors.As(err, &invalid) && invalid.Reason == x509.CANotAuthorizedForThisName:
		return nil, errConstraint
	case err != nil:
		return nil, err
	}
	return conn.(*tls.Conn), nil
}

// echo sends a string and waits for it to come back.
func echo(conn io.ReadWriter) error {
	const sent = "over TLS"
	if _, err := io.WriteString(conn, sent); err != nil {
		return err
	}
	back := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, back); err != nil {
		return err
	}
	if string(back) != sent {
		return fmt.Errorf("%q came back", back)
	}
	return nil
}

func connectOpenSSL(ctx context.Context, address, name string, root []byte) (int, error) {
	file, err := os.CreateTemp("", "root-*.pem")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(root)
	if err := errors.Join(err, file.Close()); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "openssl", "s_client", "-connect", address, "-servername", name, "-verify_hostname", name,
		"-CAfile", file.Name(), "-verify_return_error", "-x509_strict", "-showcerts")
	out, err := cmd.CombinedOutput() // standard input is empty: it ends after the handshake
	output := string(out)
	if err == nil && strings.Contains(output, "Verification: OK") && strings.Contains(output, "Verified peername: "+name) {
		return strings.Count(output, "-----BEGIN CERTIFICATE-----"), nil
	}
	return 0, openSSLReason(output, err)
}

// openSSLReason finds in OpenSSL's output why it rejected the server.
func openSSLReason(output string, err error) error {
	switch {
	case strings.Contains(output, "ostname mismatch"):
		return errName
	case strings.Contains(output, "unable to get local issuer certificate"), strings.Contains(output, "self-signed certificate in certificate chain"):
		return errRoot
	case strings.Contains(output, "permitted subtree violation"):
		return errConstraint
	case err == nil:
		err = errors.New("it ended well, but has not verified")
	}
	for line := range strings.Lines(output) {
		if strings.Contains(line, "verify error") || strings.Contains(line, "error:") {
			return fmt.Errorf("%w: %s", err, strings.TrimSpace(line))
		}
	}
	return err
}
