"""What a person types to sign in."""

from django import forms


class SignIn(forms.Form):
    """Name, passphrase and one-time code, on one page; the page writes the fields itself."""

    username = forms.CharField(max_length=60)
    passphrase = forms.CharField(max_length=200)
    code = forms.CharField(max_length=12)
