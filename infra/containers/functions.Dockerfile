# The Functions app, for rehearsals only: on Azure it is published as a package. Built from the repository's root: docker build -f infra/containers/functions.Dockerfile .

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /repo
COPY . .
RUN dotnet publish functions/AlignGuard.Functions -c Release -o /app -p:Cloud=true

# The Functions host; no image of it is named after a release of Ubuntu.
FROM mcr.microsoft.com/azure-functions/dotnet-isolated:4-dotnet-isolated10.0
# Above 1024, and a home that can be written: what a user without rights needs.
ENV ASPNETCORE_URLS=http://+:8080 \
    HOME=/tmp \
    AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true
WORKDIR /home/site/wwwroot
COPY --from=build /app .
USER 1654
