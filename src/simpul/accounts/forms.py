"""What a person types to sign in, and to change how she does."""

from typing import Any

from django import forms

ANSWER = 20_000  # letters of what a device answers
PRF = 64


class SignIn(forms.Form):
    """Name, passphrase and second factor, on one page; the page writes the fields itself.

    The passkey's fields are filled by the script. Only a PRF output makes a passphrase needless.
    """

    username = forms.CharField(max_length=60)
    passphrase = forms.CharField(max_length=200, required=False)
    code = forms.CharField(max_length=40, required=False)
    passkey = forms.CharField(max_length=ANSWER, required=False)
    prf = forms.CharField(max_length=PRF, required=False)

    def clean(self) -> dict[str, Any]:
        """Something that opens, and something that proves."""
        said = self.cleaned_data
        opens = said.get("passphrase") or (said.get("passkey") and said.get("prf"))
        if not opens or not (said.get("code") or said.get("passkey")):
            raise forms.ValidationError("")
        return said


class Confirm(forms.Form):
    """The passphrase once more."""

    passphrase = forms.CharField(max_length=200)


class AddPasskey(forms.Form):
    """What she calls the device, and what it answered."""

    label = forms.CharField(max_length=60)
    passkey = forms.CharField(max_length=ANSWER)
    prf = forms.CharField(max_length=PRF, required=False)
