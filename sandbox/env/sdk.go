package env

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/sdktrim"
)

// sdkVariable names the environment variable that chooses from which SDKs the program is
// compiled, and the others are its values. Unset, trimmed ones are used where that saves
// time and they can be made.
const (
	sdkVariable = "SANDBOX_SDK"
	wholeSDK    = "whole"
	trimmedSDK  = "trimmed"
)

// TrimSDKs writes the copies of the SDKs that the sandbox compiles the program from, if the
// sources changed. There are none where the SDKs are compiled already, such as by the unit
// tests, and none for an official engine, whose language host was not tried with them. It
// calls say if copies can't be made.
func TrimSDKs(ctx context.Context, b *build.Builder, say func(format string, args ...any)) error {
	return trimSDKs(ctx, b, pulumicli.Find(ctx, b).Official, say)
}

func trimSDKs(ctx context.Context, b *build.Builder, official bool, say func(format string, args ...any)) error {
	const stamp = "sdk"
	choice := os.Getenv(sdkVariable)
	if !slices.Contains([]string{"", wholeSDK, trimmedSDK}, choice) {
		return fmt.Errorf("%s is %q; allowed: %s, %s, or unset", sdkVariable, choice, wholeSDK, trimmedSDK)
	}
	if official && choice == "" {
		choice = wholeSDK
	}
	hash, err := build.Hash(b.Layout.Root, choice)
	if err != nil || b.Fresh(stamp, hash, b.Layout.SDK()) {
		return err
	}
	target := sdktrim.Target{
		Root: b.Layout.Root, Folder: b.Layout.SDK(), Environment: build.Env(), Packages: []string{".", "./pipeline"},
		Whole: func(compiled bool) bool { return choice == wholeSDK || choice == "" && compiled },
	}
	err = sdktrim.Make(ctx, target)
	if err != nil && choice == "" && ctx.Err() == nil {
		say("with whole SDKs: %v", err)
		target.Whole = func(bool) bool { return true }
		err = sdktrim.Make(ctx, target)
	}
	if err != nil {
		return err
	}
	return b.Stamp(stamp, hash)
}
