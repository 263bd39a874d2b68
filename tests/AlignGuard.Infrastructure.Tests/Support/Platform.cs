// The compiler that is restored is Linux's, and so are the fake programs.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
